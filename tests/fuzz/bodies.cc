#include "tests/fuzz/bodies.h"

namespace xref::fuzz {
namespace {

constexpr Body kBodies[] = {
    {"backup", RunBackup},    // a file for xrefd --restore
    {"changes", RunChanges},  // records of changes, and what a fold makes of them
#ifdef XREF_FUZZ_CONSOLE
    {"connections", RunConnections},  // bytes at the HTTP port
#endif
    {"etcd", RunEtcd},      // what etcd answers
    {"frames", RunFrames},  // a stream of frames
#ifdef XREF_FUZZ_CONSOLE
    {"http", RunHttp},  // requests of HTTP: path, query, cursor, JSON, uploaded files
#endif
    {"index", RunIndex},        // operations on the index, beside a model
    {"journal", RunJournal},    // a journal to start from
    {"messages", RunMessages},  // payloads of all requests and replies
    {"options", RunOptions},    // command line and configuration file of xrefd
    {"pages", RunPages},        // an LMDB file with bytes that were altered
    {"records", RunRecords},    // CSV and NDJSON
    {"sessions", RunSessions},  // requests to a whole daemon without its sockets
    {"stored", RunStored},      // keys and values of a snapshot
    {"words", RunWords},        // single words that people write: times, places, tokens, IDs
};

}  // namespace

std::span<const Body> Bodies() { return kBodies; }

}  // namespace xref::fuzz
