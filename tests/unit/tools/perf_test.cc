// What the perf tools measure and print with.

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "common/arguments.h"
#include "perf/date_format.h"
#include "perf/latency_histogram.h"
#include "perf/pace.h"

namespace klamm::tools {
namespace {

TEST(LatencyHistogram, TellsPercentilesAsASortedListDoes) {
  LatencyHistogram histogram;
  for (int micros = 1000; micros >= 1; --micros) histogram.add(Micros(micros));
  EXPECT_EQ(histogram.count(), 1000U);
  EXPECT_EQ(histogram.percentile(0.5), Micros(501));
  EXPECT_EQ(histogram.percentile(0.99), Micros(991));
  EXPECT_EQ(histogram.percentile(1.0), Micros(1000));
  EXPECT_DOUBLE_EQ(histogram.averageMillis(), 0.5005);
}

TEST(LatencyHistogram, IsExactToTwoThousandthsHoweverLongTheDuration) {
  for (std::int64_t micros = 1; micros < 3'600'000'000; micros = micros * 5 / 4 + 1) {
    LatencyHistogram histogram;
    histogram.add(Micros(micros));
    histogram.add(Micros(micros * 2));  // so that the largest does not cap the answer
    const auto told = static_cast<double>(histogram.percentile(0.0).count());
    EXPECT_LE(told, static_cast<double>(micros));
    EXPECT_GE(told, static_cast<double>(micros) * 0.998 - 1) << micros;
  }
}

TEST(LatencyHistogram, TakesWhatIsTooLongOrBackInTime) {
  LatencyHistogram histogram;
  histogram.add(Micros(-5));
  histogram.add(std::chrono::hours(100));
  EXPECT_EQ(histogram.percentile(0.0), Micros(0));
  EXPECT_EQ(histogram.max(), Micros(std::chrono::hours(100)));
  EXPECT_LE(histogram.percentile(1.0), histogram.max());
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(0.5), Micros(0));
}

TEST(DateFormat, PrintsAsJavasSimpleDateFormat) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const std::chrono::system_clock::time_point time(std::chrono::milliseconds(1'700'000'000'042));  // 14 November 2023, 22:13:20.042
  EXPECT_EQ(DateFormat("yyyy-MM-dd HH:mm:ss:SSS").format(time), "2023-11-14 22:13:20:042");
  EXPECT_EQ(DateFormat("d.M.yy 'at' H 'o''clock'").format(time), "14.11.23 at 22 o'clock");
  EXPECT_THROW(DateFormat("EEE"), UsageError);
}

TEST(Pace, GivesEachRoundItsMoment) {
  const auto past = Pace::Clock::now() - std::chrono::hours(1);
  const auto never = [] { return false; };
  Pace(-1, past).await(1'000'000'000, never);
  Pace(1000, past).await(1000, never);  // long due
  int asked = 0;
  Pace(1, past).await(1'000'000, [&asked] { return ++asked > 0; });  // far ahead: only the stop ends it
  Pace(0, past).await(0, [&asked] { return ++asked > 1; });
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace klamm::tools
