/*
 * Which processes are a step's, by /proc: those in its session, those that bear its mark in their environment, those
 * that were signalled as its own before, and all that descends from them.
 */
#include "forge_init.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 1 << 16, ROUNDS = 32 };
enum owner { NOBODY, OURS, FOREIGN };

struct process {
	struct identity id;
	pid_t parent, session;
	enum owner owner;
};

static struct process processes[PROCESSES];
static size_t process_count;
static DIR *proc;

int open_processes(void)
{
	proc = opendir("/proc");
	return proc != NULL;
}

/* The start of a file below /proc in `room`, with a NUL behind it; its length, or -1. */
static ssize_t look(pid_t pid, const char *name, char *room, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "%d/%s", (int)pid, name);
	int file = openat(dirfd(proc), path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	ssize_t got = read(file, room, size - 1);
	close(file);
	if (got >= 0)
		room[got] = 0;
	return got;
}

/* Whose mark a process bears in its environment. */
static enum owner marked(pid_t pid, const char *mark)
{
	static const char name[] = "RUNNER_TRACKING_ID=";
	static char block[1 << 16];
	const size_t longest = sizeof name + sizeof steps[0].mark;
	char path[64];
	snprintf(path, sizeof path, "%d/environ", (int)pid);
	int file = openat(dirfd(proc), path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return NOBODY;
	enum owner found = NOBODY;
	size_t held = 1;
	block[0] = 0; /* a variable begins behind a NUL */
	for (ssize_t got; found == NOBODY && (got = read(file, block + held, sizeof block - held)) > 0;) {
		size_t length = held + (size_t)got;
		char *at = block, *stop = block + length;
		while ((at = memmem(at, (size_t)(stop - at), name, sizeof name - 1)) != NULL) {
			if (at > block && at[-1] == 0) {
				char *value = at + sizeof name - 1;
				size_t size = strlen(mark);
				if (value + size >= stop)
					break; /* the value goes on in the next block */
				found = memcmp(value, mark, size + 1) == 0 ? OURS : FOREIGN;
				break;
			}
			at++;
		}
		held = length < longest ? length : longest;
		memmove(block, block + length - held, held);
	}
	close(file);
	return found;
}

static int read_process(pid_t pid, struct process *entry)
{
	char line[1024], *rest;
	if (look(pid, "stat", line, sizeof line) <= 0 || (rest = strrchr(line, ')')) == NULL)
		return 0;
	int parent, session;
	unsigned long long time;
	/* state ppid pgrp session; then 15 numbers up to the start time */
	if (sscanf(rest + 1, " %*c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &parent,
	           &session, &time) != 3)
		return 0;
	*entry = (struct process){{pid, time}, parent, session, NOBODY};
	return 1;
}

unsigned long long began(pid_t pid)
{
	struct process found;
	return read_process(pid, &found) ? found.id.began : 0;
}

/* The table, by number, as the kernel lists it. Zombies stay in: other threads of theirs may live. */
static void read_processes(void)
{
	process_count = 0;
	rewinddir(proc);
	for (struct dirent *entry; process_count < PROCESSES && (entry = readdir(proc)) != NULL;) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
		if (pid > 0 && pid != self)
			process_count += (size_t)read_process(pid, &processes[process_count]);
	}
}

static const struct process *process_of(pid_t pid)
{
	size_t low = 0, high = process_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (processes[middle].id.pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < process_count && processes[low].id.pid == pid ? &processes[low] : NULL;
}

static int is_same(const struct identity *one, const struct identity *other)
{
	return one->pid == other->pid && one->began == other->began;
}

static int is_known(const struct step *step, const struct identity *id)
{
	for (size_t i = 0; i < step->known_count; i++)
		if (is_same(&step->known[i], id))
			return 1;
	return 0;
}

/* Take in whatever descends from what is ours. Children mostly have the higher number, so one pass mostly does. */
static void take_descendants(void)
{
	for (int grows = 1; grows;) {
		grows = 0;
		for (size_t i = 0; i < process_count; i++) {
			const struct process *parent = process_of(processes[i].parent);
			if (processes[i].owner != OURS && parent != NULL && parent->owner == OURS)
				processes[i].owner = OURS, grows = 1;
		}
	}
}

/*
 * An orphan without any mark (it made itself a session and threw its environment away) is this step's when it began
 * during the step and no other step runs that could have left it. What was there before stays.
 */
static void take_orphans(const struct step *step)
{
	for (const struct step *other = steps; other < steps + STEPS; other++)
		if (other != step && other->number != 0)
			return;
	for (size_t i = 0; i < process_count; i++) {
		struct process *each = &processes[i];
		if (each->owner == NOBODY && each->parent == self && each->id.began >= step->leader.began)
			each->owner = OURS;
	}
}

/* Read the table of processes anew, and say in it which are the step's. */
static void find(struct step *step)
{
	read_processes();
	for (size_t i = 0; i < process_count; i++) {
		struct process *each = &processes[i];
		if (each->session == step->leader.pid || is_same(&each->id, &step->leader) || is_known(step, &each->id))
			each->owner = OURS;
	}
	take_descendants();
	/* The environments last, and of the others only: to read one can take as long as its process likes to fork. */
	for (size_t i = 0; i < process_count; i++)
		if (processes[i].owner != OURS)
			processes[i].owner = marked(processes[i].id.pid, step->mark);
	take_descendants();
	take_orphans(step);
	take_descendants();
}

/* Signal those that `find` found; how many of them were never signalled before. */
static size_t strike(struct step *step, int number)
{
	size_t fresh = 0;
	for (size_t i = 0; i < process_count; i++) {
		struct process *each = &processes[i];
		if (each->owner != OURS)
			continue;
		if (!is_known(step, &each->id)) {
			fresh++;
			if (step->known_count < KNOWN)
				step->known[step->known_count++] = each->id;
		}
		kill(each->id.pid, number);
	}
	return fresh;
}

/* KILL stops all of them first, again and again until no new one turns up: what forks meanwhile does not get away. */
void signal_step(struct step *step, int number)
{
	if (number == SIGKILL)
		for (int round = 0; round < ROUNDS; round++) {
			find(step);
			if (strike(step, SIGSTOP) == 0)
				break;
		}
	find(step);
	strike(step, number);
}

void kill_descendants(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		size_t left = 0;
		read_processes();
		for (size_t i = 0; i < process_count; i++)
			processes[i].owner = processes[i].parent == self ? OURS : NOBODY;
		take_descendants();
		for (size_t i = 0; i < process_count; i++)
			if (processes[i].owner == OURS)
				left++, kill(processes[i].id.pid, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (left == 0)
			break;
	}
}
