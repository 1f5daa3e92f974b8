/* parallel.c - threads that take the next piece of work until there is none. */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };

struct queue {
    void (*work)(void *context, size_t i);
    void *context;
    size_t len;
    _Atomic size_t next;
};

unsigned
nj_threads_of(unsigned asked)
{
    long threads = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

    return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : (unsigned)threads;
}

static void *
queue_run(void *context)
{
    struct queue *queue = context;
    size_t i;

    while ((i = atomic_fetch_add(&queue->next, 1)) < queue->len)
        queue->work(queue->context, i);
    return NULL;
}

void
nj_parallel(unsigned threads, size_t len, void (*work)(void *context, size_t i), void *context)
{
    struct queue queue = {.work = work, .context = context, .len = len};
    pthread_t others[THREADS_MAX];
    unsigned started = 0;

    while (started + 1 < threads && started + 1 < len && started < THREADS_MAX &&
           pthread_create(&others[started], NULL, queue_run, &queue) == 0)
        started++;
    (void)queue_run(&queue);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(others[i], NULL);
}
