/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/helper.h"
#include "bench/measure/loop.h"
#include "bench/measure/tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum err helper_fork(struct helper *helper, int namespace_fd, int type, int *child_end, struct note *note)
{
    int ends[2];

    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
        return note_set(note, ERR_FILE, "no line to a process: %s", strerror(errno));
    pid_t pid = tool_fork(namespace_fd, note);

    if (pid == 0) {
        close(ends[0]);
        *child_end = ends[1];
        *helper = (struct helper){.pid = 0, .line = -1};
        return ERR_OK;
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return ERR_FILE;
    }
    *helper = (struct helper){pid, ends[0]};
    return ERR_OK;
}

bool helper_is_ready(const struct helper *helper)
{
    struct pollfd polled = {.fd = helper->line, .events = POLLIN};
    char byte;

    return poll(&polled, 1, 5000) == 1 && read(helper->line, &byte, 1) == 1;
}

bool helper_end(struct helper *helper, int *signal_number)
{
    int64_t until_ns = loop_now_ns() + HELPER_LINGER_NS;
    int status = 0;

    if (helper->pid == 0)
        return true;
    if (helper->line >= 0)
        close(helper->line);
    pid_t done = 0;

    while ((done = waitpid(helper->pid, &status, WNOHANG)) == 0 && loop_now_ns() < until_ns)
        (void)poll(NULL, 0, 1);
    if (done == 0) {
        kill(helper->pid, SIGKILL);
        (void)waitpid(helper->pid, &status, 0);
    }
    if (signal_number && done > 0 && WIFSIGNALED(status))
        *signal_number = WTERMSIG(status);
    *helper = (struct helper){.line = -1};
    return done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
