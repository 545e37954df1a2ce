/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latents_export_all.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "die.h"
#include "interruption.h"
#include "latents_export.h"
#include "progress.h"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(name_of(*(char *const *)a), name_of(*(char *const *)b));
}

/* Two videos of one name would take each other's place. */
static void check_names(char **videos, int count)
{
    char **sorted = malloc((size_t)count * sizeof(*sorted));

    if (!sorted)
        die("out of memory");
    memcpy(sorted, videos, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), compare_names);
    for (int i = 1; i < count; i++)
        if (!compare_names(&sorted[i - 1], &sorted[i]))
            die("%s and %s have one name: give each another folder", sorted[i - 1], sorted[i]);
    free(sorted);
}

static char *target_of(const char *video, const char *folder)
{
    const size_t size = strlen(folder) + strlen(name_of(video)) + sizeof("/.safetensors");
    char *target = malloc(size);

    if (!target)
        die("out of memory");
    snprintf(target, size, "%s/%s.safetensors", folder, name_of(video));
    return target;
}

/* Whether the target is there and not older than the video. */
static int is_exported(const char *video, const char *target)
{
    struct stat from, to;

    if (stat(video, &from) || stat(target, &to))
        return 0;
    return to.st_mtim.tv_sec > from.st_mtim.tv_sec ||
           (to.st_mtim.tv_sec == from.st_mtim.tv_sec && to.st_mtim.tv_nsec >= from.st_mtim.tv_nsec);
}

/* Write what a process says, where the bar stands. */
static void pass_on(int from, struct progress *progress)
{
    char said[512];
    ssize_t size;

    while ((size = read(from, said, sizeof(said))) > 0 || (size < 0 && errno == EINTR)) {
        progress_clear(progress);
        if (size > 0)
            fwrite(said, 1, (size_t)size, stderr);
    }
}

/* In a process of its own, which a video that cannot be read ends. @return whether all is well */
static int export_one(const onedva_model *model, const char *video, const char *target,
                      struct progress *progress)
{
    int ends[2], status;
    pid_t child;

    if (pipe(ends) || (child = fork()) < 0)
        die("%s", strerror(errno));
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        exit(latents_export(model, video, target) ? 1 : 0);
    }
    close(ends[1]);
    pass_on(ends[0], progress);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die("%s", strerror(errno));
    if (WIFSIGNALED(status))
        fprintf(stderr, "onedva-latents: %s: ended by signal %d\n", video, WTERMSIG(status));
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

static int count_exported(char **videos, int count, const char *folder)
{
    int found = 0;

    for (int i = 0; i < count; i++) {
        char *target = target_of(videos[i], folder);

        found += is_exported(videos[i], target);
        free(target);
    }
    return found;
}

int latents_export_all(const onedva_model *model, char **videos, int count, const char *folder)
{
    struct progress progress;
    int there, made = 0, failed = 0;

    check_names(videos, count);
    there = count_exported(videos, count, folder);
    interruption_catch();
    progress_begin(&progress, "videos", count, there);
    for (int i = 0; i < count && !interruption_came(); i++) {
        char *target = target_of(videos[i], folder);

        if (!is_exported(videos[i], target)) {
            if (export_one(model, videos[i], target, &progress))
                made++;
            else
                failed++;
            progress_show(&progress, there + made + failed);
        }
        free(target);
    }
    progress_end(&progress, there + made + failed);
    if (there + made + failed < count)
        die("interrupted: %d of %d videos are kept in %s; the same command goes on", there + made,
            count, folder);
    printf("%d videos: %d exported, %d were there, %d failed\n", count, made, there, failed);
    return failed;
}
