// Who may connect.

#include "daemon/admissions.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace xref {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RateLimit kAny{.per_second = 1'000'000, .burst = 1'000'000};
const std::chrono::steady_clock::time_point kNow{std::chrono::hours(1)};

AddressKey Key(const std::string& address) { return KeyOf(boost::asio::ip::make_address(address)); }

class AdmissionsTest : public ::testing::Test {
 protected:
  void Make(const Admissions::Limits& limits) { admissions_.emplace(limits); }
  // Nothing where the newcomer may stay, which it then does.
  std::optional<Limit> Refused(const std::string& address,
                               std::chrono::steady_clock::time_point now = kNow) {
    auto entered = admissions_->TryEnter(Key(address), now);
    if (const auto* limit = std::get_if<Limit>(&entered)) return *limit;
    inside_.push_back(std::get<Admission>(std::move(entered)));
    return std::nullopt;
  }

  std::optional<Admissions> admissions_;
  std::vector<Admission> inside_;
};

TEST_F(AdmissionsTest, ThereAreNoMoreConnectionsThanTheLimit) {
  Make({.connections = 2,
        .connections_per_address = 2,
        .newcomers = kAny,
        .newcomers_per_address = kAny});
  EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
  EXPECT_EQ(Refused("10.0.0.2"), std::nullopt);
  EXPECT_EQ(Refused("10.0.0.3"), Limit::kConnections);
  inside_.pop_back();
  EXPECT_EQ(Refused("10.0.0.3"), std::nullopt);
}

TEST_F(AdmissionsTest, OneAddressCannotTakeThemAll) {
  Make({.connections = 100,
        .connections_per_address = 3,
        .newcomers = kAny,
        .newcomers_per_address = kAny});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
  EXPECT_EQ(Refused("10.0.0.1"), Limit::kConnectionsPerAddress);
  EXPECT_EQ(Refused("10.0.0.2"), std::nullopt);
  inside_.clear();
  EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
}

TEST_F(AdmissionsTest, AnAddressThatComesTooFastTakesNothingOfTheOthers) {
  Make({.connections = 100,
        .connections_per_address = 100,
        .newcomers = {.per_second = 1, .burst = 6},
        .newcomers_per_address = {.per_second = 1, .burst = 5}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Refused("10.0.0.1"), Limit::kNewcomersPerAddress);
  EXPECT_EQ(Refused("10.0.0.2"), std::nullopt);
  EXPECT_EQ(Refused("10.0.0.2"), Limit::kNewcomersPerSecond);
  EXPECT_EQ(Refused("10.0.0.2", kNow + seconds(1)), std::nullopt);
}

TEST_F(AdmissionsTest, WhoIsRefusedForItsConnectionsSpendsNoRate) {
  Make({.connections = 100,
        .connections_per_address = 1,
        .newcomers = kAny,
        .newcomers_per_address = {.per_second = 1, .burst = 2}});
  EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Refused("10.0.0.1"), Limit::kConnectionsPerAddress);
  inside_.clear();
  EXPECT_EQ(Refused("10.0.0.1"), std::nullopt);
}

TEST(AddressKey, OfIpv6TheNetworkCounts) {
  EXPECT_EQ(Key("2001:db8:1:2::1"), Key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(Key("2001:db8:1:2::1"), Key("2001:db8:1:3::1"));
}

TEST(AddressKey, OfIpv4TheAddressCountsHoweverItIsWritten) {
  EXPECT_EQ(Key("10.1.2.3"), Key("::ffff:10.1.2.3"));
  EXPECT_NE(Key("10.1.2.3"), Key("10.1.2.4"));
  EXPECT_NE(Key("::1"), Key("0.0.0.0"));
}

}  // namespace
}  // namespace xref
