/* forge-relay: makes ports of services reachable at localhost.
 *
 *     forge-relay tcp:5432:172.18.0.3:5432 udp:53:172.18.0.4:53 ...
 *
 * Each argument is protocol, port to listen on, address and port to hand on to. It listens on 127.0.0.1, and on ::1
 * where there is one. Once all ports are bound it says "ready"; one that cannot be bound ends it with status 1.
 *
 * It runs in a container of its own that shares the network of a job's container, so that no process of the job can
 * see it, and ends with that container. Two processes carry one connection, one for each direction: whatever one
 * side does or omits, the other direction goes on, as it would without a relay.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK 65536
#define CLIENTS 64 /* of one UDP port; the one longest silent makes room */
#define LISTENERS 512

struct listener {
    int socket;
    int is_udp;
    struct sockaddr_in target;
};

static void fail(const char *what, const char *text) {
    fprintf(stderr, "forge-relay: %s: %s\n", text, what);
    exit(1);
}

/* One direction of a connection, until its source has no more or its target takes no more. */
static void copy(int from, int to) {
    static char block[BLOCK];
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, block + done, got - done);
            if (put < 0 && errno != EINTR) {
                shutdown(from, SHUT_RD);
                return;
            }
            done += put > 0 ? put : 0;
        }
    }
    shutdown(to, SHUT_WR);
}

/* A process of its own, which ends with its parent: the relay itself. */
static pid_t branch(void) {
    pid_t pid = fork();
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void carry_connection(int client, const struct sockaddr_in *target) {
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (server < 0 || connect(server, (const struct sockaddr *)target, sizeof *target) < 0) {
        struct linger abort = {1, 0}; /* the client sees a reset, as if nobody listened */
        setsockopt(client, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
        _exit(0);
    }
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pid_t back = fork(); /* ends with its sockets */
    if (back == 0)
        copy(server, client);
    else
        copy(client, server);
    _exit(0);
}

static void accept_all(const struct listener *listener) {
    int client = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    if (fork() == 0)
        carry_connection(client, &listener->target);
    close(client);
}

/* All clients of one UDP port: each has a socket towards the service, so that answers find their way back. */
static void carry_datagrams(const struct listener *listener) {
    static struct sockaddr_storage clients[CLIENTS];
    static socklen_t lengths[CLIENTS];
    static unsigned long used[CLIENTS];
    static char block[BLOCK];
    struct pollfd ready[CLIENTS + 1];
    unsigned long clock = 0;
    for (int i = 0; i <= CLIENTS; i++)
        ready[i] = (struct pollfd){.fd = i < CLIENTS ? -1 : listener->socket, .events = POLLIN};
    for (;;) {
        if (poll(ready, CLIENTS + 1, -1) < 0)
            continue;
        for (int i = 0; i < CLIENTS; i++) {
            if (ready[i].fd < 0 || !ready[i].revents)
                continue;
            ssize_t got = recv(ready[i].fd, block, sizeof block, MSG_DONTWAIT);
            if (got >= 0)
                sendto(listener->socket, block, got, 0, (struct sockaddr *)&clients[i], lengths[i]);
        }
        if (!ready[CLIENTS].revents)
            continue;
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        ssize_t got = recvfrom(listener->socket, block, sizeof block, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (got < 0)
            continue;
        int at = -1, oldest = 0;
        for (int i = 0; i < CLIENTS; i++) {
            if (ready[i].fd >= 0 && lengths[i] == length && !memcmp(&clients[i], &from, length))
                at = i;
            if (used[i] < used[oldest])
                oldest = i;
        }
        if (at < 0) {
            at = oldest;
            if (ready[at].fd >= 0)
                close(ready[at].fd);
            ready[at].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            if (ready[at].fd < 0 || connect(ready[at].fd, (struct sockaddr *)&listener->target, sizeof listener->target))
                continue;
            memcpy(&clients[at], &from, length);
            lengths[at] = length;
        }
        used[at] = ++clock;
        if (send(ready[at].fd, block, got, 0) < 0)
            continue; /* a refusal of an earlier datagram is told now: that one is lost, as datagrams are */
    }
}

/* A socket at localhost; -1 for an IPv6 one where there is no IPv6. */
static int bound(int family, int is_udp, int port, const char *text) {
    int made = socket(family, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    if (made >= 0) {
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (family == AF_INET6)
            setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        if (!bind(made, address, family == AF_INET ? sizeof four : sizeof six) && (is_udp || !listen(made, 512)))
            return made;
        close(made);
    }
    if (family == AF_INET)
        fail(strerror(errno), text);
    return -1;
}

static void read_route(const char *text, struct listener *route, int *port) {
    char protocol[4], address[16];
    int target, end = 0;
    if (sscanf(text, "%3[a-z]:%5d:%15[0-9.]:%5d%n", protocol, port, address, &target, &end) != 4 || text[end])
        fail("is no protocol:port:address:port", text);
    route->is_udp = !strcmp(protocol, "udp");
    route->target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(target)};
    if (inet_pton(AF_INET, address, &route->target.sin_addr) != 1)
        fail("is no address", text);
}

int main(int count, char **routes) {
    static struct listener listeners[LISTENERS];
    static struct pollfd ready[LISTENERS];
    int known = 0, families[] = {AF_INET, AF_INET6};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* nobody waits for the carriers */
    for (int i = 1; i < count; i++) {
        struct listener route;
        int port;
        read_route(routes[i], &route, &port);
        for (int family = 0; family < 2; family++) {
            route.socket = bound(families[family], route.is_udp, port, routes[i]);
            if (route.socket < 0)
                continue;
            if (known == LISTENERS)
                fail("is one too many", routes[i]);
            ready[known] = (struct pollfd){.fd = route.is_udp ? -1 : route.socket, .events = POLLIN};
            listeners[known++] = route;
        }
    }
    for (int i = 0; i < known; i++)
        if (listeners[i].is_udp && branch() == 0)
            carry_datagrams(&listeners[i]);
    puts("ready");
    fflush(stdout);
    for (;;)
        if (poll(ready, known, -1) > 0)
            for (int i = 0; i < known; i++)
                if (ready[i].revents)
                    accept_all(&listeners[i]);
}
