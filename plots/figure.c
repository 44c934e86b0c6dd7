/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/figure.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, SCRIPT_SIZE = 128 * 1024, COMPLAINT_SIZE = 512 };

const char *figure_script_text(const char *name)
{
    const struct figure_script *script = figure_scripts;

    while (script->name && strcmp(script->name, name) != 0)
        script++;
    check(script->name);
    return script->text;
}

static struct figure_setting *new_setting(struct figure *figure, const char *name)
{
    check(figure->setting_count < FIGURE_SETTINGS_MAX);
    struct figure_setting *setting = &figure->settings[figure->setting_count++];

    setting->name = name;
    return setting;
}

void figure_set_text(struct figure *figure, const char *name, const char *text)
{
    struct figure_setting *setting = new_setting(figure, name);
    struct sink sink = SINK(setting->text);

    sink_text(&sink, text);
    sink_string(&sink);
    check(!sink.overflow && sink.size < sizeof(setting->text));
    setting->is_number = false;
}

void figure_set_number(struct figure *figure, const char *name, double number)
{
    struct figure_setting *setting = new_setting(figure, name);
    struct sink sink = SINK(setting->text);

    sink_format(&sink, "%.9g", number);
    sink_string(&sink);
    setting->is_number = true;
}

/* In gnuplot's double quotes. Names of scenarios are other people's text: nothing of it may end the quotes, and
 * backquotes would run a command. */
static void write_quoted(struct sink *sink, const char *text)
{
    sink_char(sink, '"');
    for (; *text; text++)
        if (*text == '\n')
            sink_text(sink, "\\n");
        else if (*text == '"' || *text == '\\')
            sink_format(sink, "\\%c", *text);
        else if (*text == '`')
            sink_char(sink, '\'');
        else if ((unsigned char)*text >= ' ' && *text != 127)
            sink_char(sink, *text);
    sink_char(sink, '"');
}

static void write_text_setting(struct sink *sink, const char *name, const char *text)
{
    sink_text(sink, name);
    sink_text(sink, " = ");
    write_quoted(sink, text);
    sink_char(sink, '\n');
}

static enum err refuse(struct note *note, const char *path, int error)
{
    return note_set(note, error == ENOSPC || error == EDQUOT ? ERR_FULL : ERR_FILE, "%s: %s", path, strerror(error));
}

static const char *write_path(char path[PATH_SIZE], const struct figure *figure, const char *name, const char *ending)
{
    struct sink sink = {.data = path, .capacity = PATH_SIZE};

    sink_format(&sink, "%s/%s%s", figure->folder, name, ending);
    sink_string(&sink);
    check(!sink.overflow && sink.size < PATH_SIZE);
    return path;
}

enum err figure_save_file(const char *path, struct span content, struct note *note)
{
    char part[PATH_SIZE];
    struct sink sink = SINK(part);

    sink_format(&sink, "%s.part", path);
    sink_string(&sink);
    if (sink.overflow)
        return note_set(note, ERR_RANGE, "%s: too long a name", path);
    FILE *file = fopen(part, "w");

    if (!file)
        return refuse(note, path, errno);
    bool is_written = fwrite(content.data, 1, content.size, file) == content.size;
    int error = errno;

    if (fclose(file) != 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (is_written && rename(part, path) == 0)
        return ERR_OK;
    error = is_written ? errno : error;
    unlink(part);
    return refuse(note, path, error);
}

enum err figure_save(const struct figure *figure, struct note *note)
{
    char text[SCRIPT_SIZE];
    char path[PATH_SIZE];
    struct sink sink = SINK(text);

    sink_text(&sink, "# gnuplot draws this figure again in its folder.\n");
    write_text_setting(&sink, "figure_name", figure->name);
    write_text_setting(&sink, "figure_title", figure->title);
    write_text_setting(&sink, "figure_subtitle", figure->subtitle);
    write_text_setting(&sink, "figure_caption", figure->caption);
    for (size_t i = 0; i < figure->setting_count; i++) {
        const struct figure_setting *setting = &figure->settings[i];

        if (setting->is_number)
            sink_format(&sink, "%s = %s\n", setting->name, setting->text);
        else
            write_text_setting(&sink, setting->name, setting->text);
    }
    if (figure->is_latex)
        sink_text(&sink, "is_latex = 1\n");
    sink_text(&sink, "data = figure_name.'.csv'\n\n");
    sink_text(&sink, figure_script_text(figure->script));
    check(!sink.overflow);
    TRY(figure_save_file(write_path(path, figure, figure->name, ".gp"), sink_written(&sink), note));
    return figure_save_file(write_path(path, figure, "style", ".gp"), span_of(figure_script_text("style")), note);
}

bool figure_has_gnuplot(void)
{
    struct span folders = span_of(getenv("PATH") ? getenv("PATH") : "");

    while (folders.size > 0) {
        size_t end = span_find_byte(folders, ':');
        char path[PATH_SIZE];
        struct sink sink = SINK(path);

        sink_bytes(&sink, folders.data, end);
        sink_text(&sink, "/gnuplot");
        if (access(sink_string(&sink), X_OK) == 0)
            return true;
        folders = span_after(folders, end < folders.size ? end + 1 : end);
    }
    return false;
}

/* Becomes gnuplot in the figure's folder, its complaints into the pipe, at the head of a process group of its own so
 * that what it starts ends with it. Does not return. */
_Noreturn static void become_gnuplot(const struct figure *figure, int complaints)
{
    char out[PATH_SIZE], script[PATH_SIZE];
    struct sink out_sink = SINK(out);
    struct sink script_sink = SINK(script);
    int nothing = open("/dev/null", O_RDWR);

    sink_text(&out_sink, "out = ");
    write_quoted(&out_sink, figure->name);
    if (!figure->is_latex) { /* what LaTeX reads names its picture by the name of both */
        out_sink.size--;
        sink_text(&out_sink, ".part\"");
    }
    sink_format(&script_sink, "%s.gp", figure->name);
    setpgid(0, 0);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(complaints, 2) < 0 ||
        chdir(figure->folder) != 0)
        _exit(126);
    execlp("gnuplot", "gnuplot", "-e", sink_string(&out_sink), sink_string(&script_sink), (char *)NULL);
    _exit(127);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the pipe has something to read or has ended; false when it is end_ms before that. */
static bool wait_for_words(int from, int64_t end_ms)
{
    struct pollfd poller = {.fd = from, .events = POLLIN};

    for (int64_t left_ms; (left_ms = end_ms - now_ms()) > 0;)
        if (poll(&poller, 1, (int)left_ms) > 0)
            return true;
    return false;
}

/* What is said on the pipe until it ends, only the first bytes kept, in one line; false when it has not ended at
 * end_ms. */
static bool read_complaint(int from, int64_t end_ms, char complaint[COMPLAINT_SIZE])
{
    char bytes[256];
    struct sink sink = {.data = complaint, .capacity = COMPLAINT_SIZE};
    ssize_t size = 1;
    bool is_in_time = true;

    while (size != 0 && (is_in_time = wait_for_words(from, end_ms))) {
        size = read(from, bytes, sizeof(bytes));
        if (size < 0 && errno != EINTR)
            break;
        for (ssize_t i = 0; i < size; i++) {
            bool is_blank = bytes[i] <= ' ' || bytes[i] == 127;

            if (!is_blank || (sink.size > 0 && sink.data[sink.size - 1] != ' '))
                sink_char(&sink, is_blank ? ' ' : bytes[i]);
        }
    }
    sink_string(&sink);
    return is_in_time;
}

/* Waits for its end, which follows that of the pipe at once unless it closed that before; false when it is not there at
 * end_ms. */
static bool wait_for_end(pid_t gnuplot, int64_t end_ms, int *status)
{
    pid_t ended;

    while ((ended = waitpid(gnuplot, status, WNOHANG)) != gnuplot && now_ms() < end_ms)
        (void)poll(NULL, 0, 2);
    return ended == gnuplot;
}

/* What it died of. */
static enum err judge(int status, const struct figure *figure, const char *complaint, struct note *note)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERR_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return note_set(note, ERR_FILE, "gnuplot is not installed: figure %s is not drawn (its .gp and .csv are there)",
                        figure->name);
    if (WIFSIGNALED(status))
        return note_set(note, ERR_FILE, "gnuplot failed: figure %s is not drawn: ended by signal %d %s", figure->name,
                        WTERMSIG(status), complaint);
    return note_set(note, ERR_FILE, "gnuplot failed: figure %s is not drawn: %s", figure->name,
                    *complaint ? complaint : "it said nothing");
}

/* Follows a gnuplot that was started until it ends, or ends it. */
static enum err await(pid_t gnuplot, int from, const struct figure *figure, struct note *note)
{
    int seconds_max = figure->seconds_max > 0 ? figure->seconds_max : FIGURE_SECONDS_MAX, status = 0;
    int64_t end_ms = now_ms() + (int64_t)seconds_max * 1000;
    char complaint[COMPLAINT_SIZE];

    if (read_complaint(from, end_ms, complaint) && wait_for_end(gnuplot, end_ms, &status))
        return judge(status, figure, complaint, note);
    kill(-gnuplot, SIGKILL);
    while (waitpid(gnuplot, &status, 0) < 0 && errno == EINTR)
        ;
    return note_set(note, ERR_FULL, "gnuplot was stopped after %d s: figure %s is not drawn", seconds_max,
                    figure->name);
}

static enum err run_gnuplot(const struct figure *figure, struct note *note)
{
    int pipes[2];

    if (pipe(pipes) != 0)
        return refuse(note, "gnuplot", errno);
    pid_t gnuplot = fork();

    if (gnuplot == 0)
        become_gnuplot(figure, pipes[1]);
    close(pipes[1]);
    if (gnuplot < 0) {
        close(pipes[0]);
        return refuse(note, "gnuplot", errno);
    }
    setpgid(gnuplot, gnuplot); /* as it does itself: whoever comes first */
    enum err error = await(gnuplot, pipes[0], figure, note);

    close(pipes[0]);
    return error;
}

/* The drawings that a figure has: while gnuplot works under the name of part. */
static const struct drawing {
    bool is_latex;
    const char *ending, *part;
} drawings[] = {
    {false, ".svg", ".part.svg"}, {false, ".png", ".part.png"}, {false, ".pdf", ".part.pdf"},
    {true, ".tex", ".tex"},       {true, ".pdf", ".pdf"},
};

enum err figure_draw(const struct figure *figure, struct note *note)
{
    char path[PATH_SIZE], part[PATH_SIZE];
    enum err error = run_gnuplot(figure, note);

    for (size_t i = 0; i < sizeof(drawings) / sizeof(*drawings); i++) {
        if (drawings[i].is_latex != figure->is_latex)
            continue;
        write_path(path, figure, figure->name, drawings[i].ending);
        write_path(part, figure, figure->name, drawings[i].part);
        if (error != ERR_OK)
            unlink(part);
        else if (rename(part, path) != 0)
            error = refuse(note, path, errno);
    }
    return error;
}
