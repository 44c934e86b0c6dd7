/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/figure.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
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

/* Becomes gnuplot in the figure's folder, its complaints into the pipe. Does not return. */
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
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(complaints, 2) < 0 ||
        chdir(figure->folder) != 0)
        _exit(126);
    execlp("gnuplot", "gnuplot", "-e", sink_string(&out_sink), sink_string(&script_sink), (char *)NULL);
    _exit(127);
}

/* What is said on the pipe until it ends; only the first bytes are kept, in one line. */
static void read_complaint(int from, char complaint[COMPLAINT_SIZE])
{
    char bytes[256];
    struct sink sink = {.data = complaint, .capacity = COMPLAINT_SIZE};
    ssize_t size;

    while ((size = read(from, bytes, sizeof(bytes))) > 0 || (size < 0 && errno == EINTR))
        for (ssize_t i = 0; i < size; i++) {
            bool is_blank = bytes[i] <= ' ' || bytes[i] == 127;

            if (!is_blank || (sink.size > 0 && sink.data[sink.size - 1] != ' '))
                sink_char(&sink, is_blank ? ' ' : bytes[i]);
        }
    sink_string(&sink);
}

/* Waits for gnuplot and says what it died of. */
static enum err judge(pid_t gnuplot, const struct figure *figure, const char *complaint, struct note *note)
{
    int status;

    while (waitpid(gnuplot, &status, 0) < 0)
        if (errno != EINTR)
            return refuse(note, "gnuplot", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ERR_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return note_set(note, ERR_FILE, "gnuplot is not installed: figure %s is not drawn (its .gp and .csv are there)",
                        figure->name);
    return note_set(note, ERR_FILE, "gnuplot failed: figure %s is not drawn: %s", figure->name, complaint);
}

static enum err run_gnuplot(const struct figure *figure, struct note *note)
{
    char complaint[COMPLAINT_SIZE];
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
    read_complaint(pipes[0], complaint);
    close(pipes[0]);
    return judge(gnuplot, figure, complaint, note);
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
