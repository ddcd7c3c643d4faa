/*
 * forge-init: the first process of a job's container. It starts the steps, signals them, reaps what they leave,
 * and ends everything when its agent is gone.
 *
 *     forge-init SOCKET
 *
 * It connects once to the agent's SOCK_SEQPACKET socket. Every packet, either way, is one `struct message`.
 *
 *     agent → init   START   step, mark (the value of RUNNER_TRACKING_ID); with two descriptors: a memory file
 *                            with the step's words, and the write end of the pipe for its output
 *                    SIGNAL  step, value: INT, TERM or KILL, to all that the step has started
 *                    FORGET  step: it will not be signalled any more
 *                    LIVE    value: end everything unless another LIVE comes within so many milliseconds
 *     init → agent   HELLO   value: PROTOCOL
 *                    EXITED  step, value: exit status
 *                    KILLED  step, value: signal
 *                    UNABLE  step, value: errno; no process could be made for it
 *
 * A step's words are strings, each with its NUL: the number of its arguments, its directory, the arguments, then its
 * variables. What PATH and the like it does not name it gets from the environment of this process: the image's.
 *
 * Why a step cannot harm it, though it may be root in the container: the kernel gives the first process of a
 * namespace no signal that it does not handle, not even KILL and STOP from inside, and this one handles none (SIGCHLD
 * is blocked, and read from a descriptor). It is not dumpable: without the capability for ptrace nobody traces it or
 * opens its descriptors, memory and environment under /proc. The agent closes and removes the socket before any step.
 * It forks to start a step and for nothing else, so a limit of processes that is used up does not keep it from
 * killing; and after its start it allocates nothing.
 *
 * Started as an ordinary process, for tests, it is the reaper of its descendants and ends those only.
 */
#include "forge_init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROTOCOL = 1, NOT_FOUND = 127, NOT_RUN = 126, SIGNALS = 64 };
enum { HELLO = 1, START, SIGNAL, LIVE, EXITED, KILLED, UNABLE, FORGET };

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" /* the engine's */

struct step steps[STEPS];
pid_t self;
static int agent = -1, null_device = -1;
static int64_t ends_at; /* milliseconds of CLOCK_BOOTTIME; 0: never */

extern char **environ;

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_BOOTTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Kill everything and end. A namespace's first process takes along whatever is in it. */
static void end_all(int status)
{
	if (self == 1) {
		kill(-1, SIGKILL);
		_exit(status);
	}
	kill_descendants();
	_exit(status);
}

/* ---- Starting a step ---- */

static void fail(int status, const char *format, const char *first, const char *second, int problem)
{
	dprintf(STDOUT_FILENO, format, first, second, strerror(problem));
	_exit(status);
}

static int is_given(char **variables, size_t count, const char *like)
{
	size_t size = strcspn(like, "=") + 1;
	for (size_t i = 0; i < count; i++)
		if (strncmp(variables[i], like, size) == 0)
			return 1;
	return 0;
}

/* Become a program, looked for in PATH; come back with what is wrong. A file that is no program is not given to a
 * shell, as some C libraries do. */
static int execute(char **argv)
{
	char path[4096];
	const char *places = getenv("PATH");
	int problem = ENOENT;

	if (strchr(argv[0], '/') != NULL) {
		execve(argv[0], argv, environ);
		return errno;
	}
	for (const char *at = places != NULL ? places : DEFAULT_PATH;; at++) {
		int size = (int)strcspn(at, ":");
		int length = snprintf(path, sizeof path, "%.*s/%s", size ? size : 1, size ? at : ".", argv[0]);
		if (length < (int)sizeof path) {
			execve(path, argv, environ);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
				return errno;
			if (errno == EACCES)
				problem = EACCES; /* and look on: another may be allowed */
		}
		at += size;
		if (*at == 0)
			return problem;
	}
}

/* In the child: take the step's place, and become its program. */
static void become(int words, int output)
{
	struct stat found;
	sigset_t none;

	setsid();
	dup2(null_device, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	/* By the kernel's own call: a C library keeps some signals to itself, which may have come ignored. */
	unsigned long usual[4] = {0};
	for (int number = 1; number <= SIGNALS; number++)
		syscall(SYS_rt_sigaction, number, usual, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	if (fstat(words, &found) != 0 || found.st_size < 2)
		fail(NOT_RUN, "%s%s: %s\n", "the step's message", "", errno);
	size_t size = (size_t)found.st_size, count = 0, own = 0;
	char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, words, 0);
	if (text == MAP_FAILED || text[size - 1] != 0)
		fail(NOT_RUN, "%s%s: %s\n", "the step's message", "", errno);
	for (size_t i = 0; i < size; i++)
		count += text[i] == 0;
	while (environ[own] != NULL)
		own++;
	char **pointers = calloc(count + own + 4, sizeof *pointers);
	if (pointers == NULL)
		fail(NOT_RUN, "%s%s: %s\n", "the step's message", "", ENOMEM);

	size_t arguments = (size_t)strtoul(text, NULL, 10);
	if (arguments == 0 || arguments + 2 > count)
		fail(NOT_RUN, "%s%s: %s\n", "the step's message", "", EINVAL);
	char *at = text + strlen(text) + 1;
	char *directory = at;
	char **argv = pointers, **variables = pointers + arguments + 1;
	at += strlen(at) + 1;
	for (size_t i = 0; i < arguments; i++, at += strlen(at) + 1)
		argv[i] = at;
	size_t given = 0;
	for (; at < text + size; at += strlen(at) + 1)
		variables[given++] = at;
	size_t all = given;
	for (size_t i = 0; i < own; i++)
		if (!is_given(variables, given, environ[i]))
			variables[all++] = environ[i];

	if (chdir(directory) != 0)
		fail(NOT_RUN, "An error occurred trying to start process '%s' with working directory '%s'. %s\n", argv[0],
		     directory, errno);
	environ = variables;
	int problem = execute(argv);
	if (problem == ENOENT && strchr(argv[0], '/') == NULL)
		fail(NOT_FOUND, "%s%s: command not found\n", argv[0], "", problem);
	fail(problem == ENOENT ? NOT_FOUND : NOT_RUN, "%s%s: %s\n", argv[0], "", problem);
}

/* ---- Talking with the agent ---- */

/* Send it, or find the agent gone; 0 when its queue is full (a frozen agent must not stop this process). */
static int say(const struct message *message)
{
	if (send(agent, message, sizeof *message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof *message)
		return 1;
	if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		end_all(1);
	return 0;
}

static void end_step(struct step *step, uint32_t kind, int64_t value)
{
	step->runs = 0;
	step->end = (struct message){.kind = kind, .step = step->number, .value = value};
	step->is_unsaid = !say(&step->end);
}

static void start(const struct message *message, int words, int output)
{
	struct step *step = steps;
	while (step < steps + STEPS && step->number != 0)
		step++;
	if (step == steps + STEPS || words < 0 || output < 0) {
		int problem = words < 0 || output < 0 ? EMFILE : EAGAIN;
		struct message refusal = {.kind = UNABLE, .step = message->step, .value = problem};
		say(&refusal);
		return;
	}
	step->number = message->step;
	step->runs = 1;
	step->is_unsaid = 0;
	step->known_count = 0;
	memcpy(step->mark, message->mark, sizeof step->mark);
	step->mark[sizeof step->mark - 1] = 0;
	pid_t pid = fork();
	if (pid == 0)
		become(words, output);
	step->leader = (struct identity){pid, pid > 0 ? began(pid) : 0};
	if (pid < 0)
		end_step(step, UNABLE, errno);
}

static void receive(void)
{
	struct message message = {0};
	int descriptors[2] = {-1, -1};
	union {
		char room[CMSG_SPACE(sizeof descriptors)];
		struct cmsghdr align;
	} control;
	struct iovec part = {&message, sizeof message};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	ssize_t got = recvmsg(agent, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof message)
		end_all(0);
	struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(descriptors, CMSG_DATA(head),
		       head->cmsg_len - CMSG_LEN(0) < sizeof descriptors ? head->cmsg_len - CMSG_LEN(0) : sizeof descriptors);

	if (message.kind == START)
		start(&message, descriptors[0], descriptors[1]);
	else if (message.kind == LIVE)
		ends_at = now() + message.value;
	for (struct step *step = steps; step < steps + STEPS && message.step != 0; step++)
		if (step->number == message.step && step->leader.pid > 0 && message.kind == SIGNAL &&
		    (message.value == SIGINT || message.value == SIGTERM || message.value == SIGKILL))
			signal_step(step, (int)message.value);
		else if (step->number == message.step && message.kind == FORGET)
			step->number = 0;
	for (int i = 0; i < 2; i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
}

static void reap(void)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (struct step *step = steps; step < steps + STEPS; step++)
			if (step->runs && step->leader.pid == pid) {
				int was_killed = WIFSIGNALED(status);
				end_step(step, was_killed ? KILLED : EXITED, was_killed ? WTERMSIG(status) : WEXITSTATUS(status));
			}
}

/* Say what a full queue kept back; whether some of it is still there. */
static int say_rest(void)
{
	int left = 0;
	for (struct step *step = steps; step < steps + STEPS; step++)
		if (step->is_unsaid) {
			step->is_unsaid = !say(&step->end);
			left += step->is_unsaid;
		}
	return left;
}

static void serve(int children)
{
	struct pollfd ready[2] = {{.fd = agent}, {.fd = children, .events = POLLIN}};
	for (;;) {
		ready[0].events = say_rest() ? POLLIN | POLLOUT : POLLIN;
		int64_t left = ends_at ? ends_at - now() : -1;
		if (ends_at && left <= 0)
			end_all(0);
		if (poll(ready, 2, left > 3600000 ? 3600000 : (int)left) < 0)
			continue;
		if (ready[1].revents) {
			struct signalfd_siginfo taken;
			if (read(children, &taken, sizeof taken) > 0)
				reap();
		}
		if (ready[0].revents & (POLLIN | POLLHUP | POLLERR))
			receive();
	}
}

int main(int count, char **words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct message hello = {.kind = HELLO, .value = PROTOCOL};
	sigset_t child;

	if (count != 2 || strlen(words[1]) >= sizeof address.sun_path)
		return 2;
	strcpy(address.sun_path, words[1]);
	self = getpid();
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || (self != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0))
		return 3;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	null_device = open("/dev/null", O_RDONLY | O_CLOEXEC);
	agent = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (children < 0 || null_device < 0 || agent < 0 || !open_processes())
		return 4;
	if (connect(agent, (struct sockaddr *)&address, sizeof address) != 0)
		return 5;
	say(&hello);
	serve(children);
}
