#include "protocol/api_table.h"

#include <gtest/gtest.h>

#include "protocol/00_produce.h"

namespace klamm::protocol {
namespace {

TEST(ApiTable, HoldsEveryLiveApiOfKafka43) {
  ASSERT_EQ(allApis().size(), 89U);
  for (const ApiInfo& api : allApis()) {
    const auto number = static_cast<std::int16_t>(api.key);
    EXPECT_EQ(findApi(number), &api);
    EXPECT_EQ(api.request->key, number);
    EXPECT_EQ(api.response->key, number);
    EXPECT_EQ(api.request->name, std::string(api.name) + "Request");
    EXPECT_EQ(api.request->versions, api.response->versions);
    EXPECT_NE(api.listeners, 0);
  }
  for (const int gone : {-1, 4, 5, 6, 7, 93, 32767}) EXPECT_EQ(findApi(static_cast<std::int16_t>(gone)), nullptr) << gone;
}

TEST(ApiTable, LeavesAnUnstableLatestVersionOut) {
  const ApiInfo& init = apiInfo(ApiKey::InitProducerId);
  EXPECT_EQ(init.versions, (Versions{0, 6}));
  EXPECT_EQ(init.stableVersions, (Versions{0, 5}));
  EXPECT_TRUE(init.latestVersionUnstable);
}

TEST(ApiTable, AnnouncesProduceFromZeroButServesItFromThree) {
  const ApiInfo& produce = apiInfo(ApiKey::Produce);
  EXPECT_EQ(produce.stableVersions, (Versions{3, 13}));
  EXPECT_EQ(produce.announcedVersions(), (Versions{0, 13}));
  EXPECT_EQ(produce.request, &ProduceRequest::kInfo);
}

TEST(ApiTable, KnowsListenersAndHeaderVersions) {
  EXPECT_EQ(apiInfo(ApiKey::Vote).listeners, kControllerListener);
  EXPECT_EQ(apiInfo(ApiKey::Produce).listeners, kBrokerListener);
  EXPECT_EQ(apiInfo(ApiKey::ApiVersions).listeners, kBrokerListener | kControllerListener);
  EXPECT_EQ(apiInfo(ApiKey::Produce).requestHeaderVersion(8), 1);
  EXPECT_EQ(apiInfo(ApiKey::Produce).requestHeaderVersion(9), 2);
  EXPECT_EQ(apiInfo(ApiKey::Produce).responseHeaderVersion(9), 1);
  EXPECT_EQ(apiInfo(ApiKey::ApiVersions).requestHeaderVersion(4), 2);
  EXPECT_EQ(apiInfo(ApiKey::ApiVersions).responseHeaderVersion(4), 0);
  EXPECT_EQ(apiInfo(ApiKey::SaslHandshake).requestHeaderVersion(1), 1) << "never flexible";
}

}  // namespace
}  // namespace klamm::protocol
