// main() of the programs that run on a kind of cluster: exits with 77, which CTest takes for a skip, where that cluster is
// not to be had. In CI that is a failure.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "support/test_cluster.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (const std::string why = klamm::test::TestCluster::missing(); !why.empty() && !GTEST_FLAG_GET(list_tests)) {
    std::cerr << (std::getenv("CI") != nullptr ? "FAILED: " : "SKIPPED: ") << why << '\n';
    return std::getenv("CI") != nullptr ? 1 : 77;
  }
  return RUN_ALL_TESTS();
}
