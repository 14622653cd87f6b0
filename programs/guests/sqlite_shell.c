/* Runs the SQL of a file, or of standard input, on a database: sqlite DATABASE [SCRIPT]. */
#include <stdio.h>
#include <stdlib.h>
#include "sqlite3.h"

static char *read_all(FILE *file) {
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    while (text) {
        size += fread(text + size, 1, room - size - 1, file);
        if (size < room - 1)
            break;
        room *= 2;
        char *larger = realloc(text, room);
        if (!larger)
            free(text);
        text = larger;
    }
    if (text)
        text[size] = 0;
    return text;
}

static int print_row(void *rows, int columns, char **values, char **names) {
    (void)names;
    for (int i = 0; i < columns; i++)
        printf("%s%s", i ? "|" : "", values[i] ? values[i] : "null");
    putchar('\n');
    ++*(long *)rows;
    return 0;
}

int main(int argc, char **argv) {
    sqlite3 *database = NULL;
    char *message = NULL;
    long rows = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s DATABASE [SCRIPT]\n", argv[0]);
        return 2;
    }
    FILE *script = argc > 2 ? fopen(argv[2], "rb") : stdin;
    if (!script) {
        perror(argv[2]);
        return 1;
    }
    char *sql = read_all(script);
    if (!sql) {
        fprintf(stderr, "no memory for the script\n");
        return 1;
    }
    if (sqlite3_open(argv[1], &database) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], sqlite3_errmsg(database));
        return 1;
    }
    if (sqlite3_exec(database, sql, print_row, &rows, &message) != SQLITE_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    printf("%ld rows\n", rows);
    free(sql);
    return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
