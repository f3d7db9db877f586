#include "net/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "net/transport.h"
#include "net/wakeup.h"

namespace klamm::net {
namespace {

TEST(Loop, RunsTasksOfOneThreadInTheirOrder) {
  const auto loop = makeLoop();
  std::vector<int> seen;
  std::thread poster([&] {
    for (int i = 0; i < 10'000; ++i) loop->post([&seen, i] { seen.push_back(i); });
    loop->post([&] { loop->stop(); });
  });
  loop->run();
  poster.join();
  ASSERT_EQ(seen.size(), 10'000U);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(seen[i], i);
}

TEST(Loop, RunsTimersInOrderOfTimeAndNoneThatWasCancelled) {
  const auto loop = makeLoop();
  std::vector<int> seen;
  const TimePoint now = loop->now();
  loop->schedule(now + Millis(20), [&] { loop->stop(); });
  loop->schedule(now + Millis(3), [&] { seen.push_back(3); });
  const TimerId cancelled = loop->schedule(now + Millis(2), [&] { seen.push_back(2); });
  loop->schedule(now + Millis(1), [&] {
    seen.push_back(1);
    loop->cancel(cancelled);
  });
  loop->schedule(now - Millis(5), [&] { seen.push_back(0); });
  loop->run();
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 3}));
}

TEST(Loop, ATimerThatRenewsItselfForThePastDoesNotHoldTheLoop) {
  const auto loop = makeLoop();
  int fired = 0;
  struct Renew {
    Loop& loop;
    int& fired;
    void operator()() {
      ++fired;
      loop.schedule(loop.now() - Millis(1), Renew{loop, fired});
    }
  };
  loop->schedule(loop->now(), Renew{*loop, fired});
  loop->schedule(loop->now() + Millis(10), [&] { loop->stop(); });
  loop->run();
  EXPECT_GT(fired, 1);
}

TEST(Loop, RefusesTasksAfterItHasStopped) {
  const auto loop = makeLoop();
  EXPECT_FALSE(loop->runsHere());
  loop->post([&] {
    EXPECT_TRUE(loop->runsHere());
    loop->stop();
  });
  loop->run();
  EXPECT_FALSE(loop->post([] { FAIL(); }));
}

TEST(Wakeup, ASignalBeforeTheWaitEndsItAndIsUsedUp) {
  Wakeup wakeup;
  wakeup.signal();
  wakeup.signal();
  EXPECT_TRUE(wakeup.waitUntil(systemClock().now() + std::chrono::hours(24)));
  EXPECT_FALSE(wakeup.waitUntil(systemClock().now()));
  EXPECT_FALSE(wakeup.consume());
}

TEST(Wakeup, AnotherThreadEndsTheWait) {
  Wakeup wakeup;
  std::thread other([&] { wakeup.signal(); });
  EXPECT_TRUE(wakeup.waitUntil(TimePoint::max()));
  other.join();
}

std::atomic<Wakeup*> signalled = nullptr;

TEST(Wakeup, ASignalHandlerEndsTheWait) {
  Wakeup wakeup;
  signalled = &wakeup;
  const auto before = std::signal(SIGUSR1, [](int) { signalled.load()->signal(); });
  std::raise(SIGUSR1);
  EXPECT_TRUE(wakeup.waitUntil(TimePoint::max()));
  std::signal(SIGUSR1, before);
}

}  // namespace
}  // namespace klamm::net
