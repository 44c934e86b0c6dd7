/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/tool.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 512 };

pid_t tool_fork(int namespace_fd, struct note *note)
{
    pid_t parent = getpid(), child = fork();

    if (child < 0)
        (void)note_set(note, ERR_FILE, "no process can be made: %s", strerror(errno));
    if (child != 0)
        return child;
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) != 0 || getppid() != parent)
        _exit(126);
    /* A terminal's Ctrl-C goes to all; only the conductor decides what comes of it. */
    (void)signal(SIGINT, SIG_IGN);
    if (namespace_fd >= 0 && setns(namespace_fd, CLONE_NEWNET) != 0)
        _exit(125);
    return 0;
}

static int status_of(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum err tool_inside(int namespace_fd, bool (*work)(void *context), void *context, const char *what, struct note *note)
{
    pid_t child = tool_fork(namespace_fd, note);

    if (child < 0)
        return ERR_FILE;
    if (child == 0)
        _exit(work(context) ? 0 : 1);
    return status_of(child) == 0 ? ERR_OK : note_set(note, ERR_FILE, "%s failed", what);
}

static void become(const char *const *words, int in, int err)
{
    int nowhere = open("/dev/null", O_WRONLY);

    if (dup2(in, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
        _exit(126);
    execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

/* The first bytes of what it says; the rest is read and forgotten, so that it never waits. */
static void listen_to(int fd, char *said, size_t size)
{
    size_t kept = 0;
    char piece[PIECE];
    ssize_t got;

    while ((got = read(fd, piece, sizeof(piece))) > 0) {
        size_t take = size - 1 - kept < (size_t)got ? size - 1 - kept : (size_t)got;

        memcpy(said + kept, piece, take);
        kept += take;
    }
    while (kept > 0 && said[kept - 1] == '\n')
        kept--;
    said[kept] = 0;
}

enum err tool_run(const char *const *words, struct span input, struct note *note)
{
    int in[2], err[2];
    char said[PIECE];

    if (pipe2(in, O_CLOEXEC) != 0)
        return note_set(note, ERR_FILE, "no pipe: %s", strerror(errno));
    if (pipe2(err, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return note_set(note, ERR_FILE, "no pipe: %s", strerror(errno));
    }
    pid_t child = tool_fork(-1, note);

    if (child == 0)
        become(words, in[0], err[1]);
    close(in[0]);
    close(err[1]);
    bool is_written = child > 0 && write(in[1], input.data, input.size) == (ssize_t)input.size;

    close(in[1]);
    listen_to(err[0], said, sizeof(said));
    close(err[0]);
    if (child < 0)
        return ERR_FILE;
    int status = status_of(child);

    if (status == 127)
        return note_set(note, ERR_FILE, "%s is not installed (Debian: iproute2)", words[0]);
    if (status != 0 || !is_written)
        return note_set(note, ERR_FILE, "%s ended with status %d: %s", words[0], status, said);
    return ERR_OK;
}
