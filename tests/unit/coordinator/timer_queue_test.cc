#include "coordinator/timer_queue.h"

#include <gtest/gtest.h>

namespace klamm::broker::coordinator {
namespace {

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }
TimerKey session(const std::string& member) { return {.kind = TimerKey::Kind::Session, .groupId = "g", .memberId = member}; }

TEST(TimerQueue, GivesKeysInTheOrderOfTheirDeadlines) {
  TimerQueue timers;
  timers.schedule(session("b"), at(20));
  timers.schedule(session("a"), at(10));
  EXPECT_EQ(timers.next(), at(10));
  EXPECT_FALSE(timers.popDue(at(9)));
  EXPECT_EQ(timers.popDue(at(30)), session("a"));
  EXPECT_EQ(timers.popDue(at(30)), session("b"));
  EXPECT_FALSE(timers.popDue(at(30)));
  EXPECT_FALSE(timers.next());
}

TEST(TimerQueue, APushedBackDeadlineComesLater) {
  TimerQueue timers;
  timers.schedule(session("a"), at(10));
  timers.schedule(session("a"), at(15));
  EXPECT_LE(*timers.next(), at(15));
  EXPECT_FALSE(timers.popDue(at(12)));
  EXPECT_EQ(timers.next(), at(15));
  EXPECT_EQ(timers.popDue(at(15)), session("a"));
  EXPECT_EQ(timers.size(), 0U);
}

TEST(TimerQueue, APulledForwardDeadlineComesEarlierAndOnce) {
  TimerQueue timers;
  timers.schedule(session("a"), at(20));
  timers.schedule(session("a"), at(5));
  EXPECT_EQ(timers.next(), at(5));
  EXPECT_EQ(timers.popDue(at(5)), session("a"));
  EXPECT_FALSE(timers.popDue(at(100)));
}

TEST(TimerQueue, ACancelledDeadlineDoesNotCome) {
  TimerQueue timers;
  timers.schedule(session("a"), at(1));
  timers.schedule({.kind = TimerKey::Kind::Join, .groupId = "g"}, at(1));
  timers.cancel(session("a"));
  timers.cancel(session("never scheduled"));
  EXPECT_EQ(timers.popDue(at(1))->kind, TimerKey::Kind::Join);
  EXPECT_FALSE(timers.popDue(at(9)));
}

}  // namespace
}  // namespace klamm::broker::coordinator
