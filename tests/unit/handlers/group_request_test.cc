#include "handlers/group_request.h"

#include <gtest/gtest.h>

namespace klamm::broker::handlers {
namespace {

// Expected: what Java's InetAddress.getByName(text).toString() prints behind the slash.
TEST(GroupRequest, AnAddressIsShownAsJavaPrintsIt) {
  EXPECT_EQ(javaAddress("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(javaAddress("::1"), "0:0:0:0:0:0:0:1");
  EXPECT_EQ(javaAddress("::"), "0:0:0:0:0:0:0:0");
  EXPECT_EQ(javaAddress("2001:db8::"), "2001:db8:0:0:0:0:0:0");
  EXPECT_EQ(javaAddress("2001:db8::8:800:200c:417a"), "2001:db8:0:0:8:800:200c:417a");
  EXPECT_EQ(javaAddress("fe80::1%eth0"), "fe80:0:0:0:0:0:0:1%eth0");
  EXPECT_EQ(javaAddress("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
  EXPECT_EQ(javaAddress("::ffff:10.0.0.1"), "10.0.0.1");
}

}  // namespace
}  // namespace klamm::broker::handlers
