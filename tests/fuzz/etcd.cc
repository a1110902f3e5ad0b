// Whatever etcd answers is understood or refused.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "replication/etcd_answers.h"
#include "tests/fuzz/bodies.h"

namespace xref::fuzz {

void RunEtcd(std::string_view bytes) {
  const std::string body(bytes);
  const auto lease = ParseLease(body);
  if (lease.ok()) {
    EXPECT_NE(*lease, 0);
  }
  const auto kept = ParseKeptAlive(body);
  const auto committed = ParseCommitted(body);
  const auto keys = ParseKeys(body);
  // What is no JSON is no answer to anything.
  if (!committed.ok()) {
    EXPECT_FALSE(lease.ok() || kept.ok() || keys.ok());
  }
}

}  // namespace xref::fuzz
