/* migrate.h - which SQLite files are stores, and how an older one becomes a current one; only
 * files of store/ include it. */
#ifndef NJ_STORE_MIGRATE_H
#define NJ_STORE_MIGRATE_H

#include "store/db.h"

#define NJ_STORE_APPLICATION_ID UINT32_C(0x6e6a7374) /* "njst" */

/* The version that this program writes. */
extern const int64_t nj_store_version;

/* NJ_OK for a store of the current version, NJ_DONE for an older store or an empty file, which
 * nj_store_migrate can bring up to date; NJ_EFORMAT for anything else, with the reason. */
enum nj_status nj_store_recognise(sqlite3 *db, struct nj_error *err) NJ_CHECKED;
/* Runs the steps that are missing, all or none of them. */
enum nj_status nj_store_migrate(sqlite3 *db, struct nj_error *err) NJ_CHECKED;

#endif
