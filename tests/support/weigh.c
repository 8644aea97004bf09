#include "support/weigh.h"

#include "base/mem.h"

int weigh_begin(void **state)
{
    static struct mem_account account; /* one test at a time */

    account = (struct mem_account){0};
    (void)mem_account_set(&account);
    *state = &account;
    return 0;
}

int weigh_end(void **state)
{
    const struct mem_account *account = *state;

    (void)mem_account_set(NULL);
    if (account->blocks == 0 && account->bytes == 0)
        return 0;
    print_error("left behind: %lld blocks of %lld bytes\n", (long long)account->blocks,
                (long long)account->bytes);
    return -1;
}
