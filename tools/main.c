/* main.c - the program: finds the command and runs it. */
#include <stdio.h>

int
main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)printf("nightjar " NJ_VERSION "\n");
    return 0;
}
