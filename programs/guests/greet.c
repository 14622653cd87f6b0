/* The smallest program with all that a C program has: arguments, standard input, a status. */
#include <ctype.h>
#include <stdio.h>

int main(int argc, char **argv) {
    char line[128];
    int lines = 0;
    for (int i = 1; i < argc; i++)
        printf("good day, %s\n", argv[i]);
    while (fgets(line, sizeof line, stdin)) {
        for (char *c = line; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        printf("%d: %s", ++lines, line);
    }
    return 40 + lines;
}
