/* What forge_init.c and processes.c share: a step, and what is done to its processes. */
#ifndef FORGE_INIT_H
#define FORGE_INIT_H

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STEPS = 64, MARK = 64, KNOWN = 4096 };

/* One packet on the agent's socket. */
struct message {
	uint32_t kind;
	uint32_t step;
	int64_t value;
	char mark[MARK];
};

/* A process, told from a later one of the same number by when it began (clock ticks since the machine's start). */
struct identity {
	pid_t pid;
	unsigned long long began;
};

struct step {
	uint32_t number; /* 0: this slot is free */
	struct identity leader;
	int runs;           /* the leader; what it left behind may still be signalled when it does not */
	int is_unsaid;      /* `end` could not be sent yet */
	struct message end;
	char mark[MARK];
	size_t known_count;
	struct identity known[KNOWN]; /* those that were signalled: they belong to it wherever they go */
};

extern struct step steps[STEPS];
extern pid_t self;

/* To be called once, at the start; 0 when there is no /proc. */
int open_processes(void);
/* When a process began; 0 when it is gone. */
unsigned long long began(pid_t pid);
/* Signal all that a step has started. */
void signal_step(struct step *step, int number);
/* Kill all that descends from this process. */
void kill_descendants(void);

#endif
