/* replay.c - runs a fuzz target over files and folders of files, so that every input that was
 * ever interesting is an ordinary test with any compiler.
 * usage: fuzz_TARGET FILE_OR_FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 64 << 20 };

/* Runs the target over one file; false: it cannot be read, as a folder cannot. */
static int
file_run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_BYTES_MAX);
    size_t size = file && data ? fread(data, 1, INPUT_BYTES_MAX, file) : 0;
    int is_good = file && data && !ferror(file);

    /* an allocation of its own, so that a sanitizer sees a read past the end */
    uint8_t *tight = is_good ? malloc(size + (size == 0)) : NULL;
    for (size_t i = 0; tight && i < size; i++)
        tight[i] = data[i];
    if (tight)
        (void)LLVMFuzzerTestOneInput(tight, size);
    free(tight);
    free(data);
    if (file)
        (void)fclose(file);
    return is_good;
}

int
main(int argc, char **argv)
{
    unsigned runs = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
            char path[4096];
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] != '.')
                runs += (unsigned)file_run(path);
        }
        if (dir)
            (void)closedir(dir);
        else
            runs += (unsigned)file_run(argv[i]);
    }
    printf("%u inputs\n", runs);
    return runs == 0;
}
