#include "replica/purgatory.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>

namespace klamm::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Notes in a shared list what happens to it. Threading: one thread.
struct Waiter final : DelayedOperation {
  Waiter(std::vector<std::string>& notes, std::string label, bool& readyFlag) : told(notes), name(std::move(label)), ready(readyFlag) {}
  bool tryComplete() override {
    if (onTry) onTry();
    if (!ready) return false;
    told.push_back(name + " done");
    return true;
  }
  void expire() override { told.push_back(name + " expired"); }
  std::vector<std::string>& told;
  std::string name;
  bool& ready;
  std::function<void()> onTry;
};

class PurgatoryTest : public testing::Test {
 protected:
  Waiter* add(const std::string& name, bool& ready, std::vector<Purgatory::Key> keys, int deadlineMs) {
    auto waiter = std::make_unique<Waiter>(told_, name, ready);
    Waiter* raw = waiter.get();
    purgatory_.add(std::move(waiter), std::move(keys), TimePoint(Millis(deadlineMs)));
    return raw;
  }
  Purgatory purgatory_;
  std::vector<std::string> told_;
  bool yes_ = true;
  bool no_ = false;
  int one_ = 1;
  int two_ = 2;
};

TEST_F(PurgatoryTest, WakesWhatWatchesTheKeyInTheOrderInWhichItCame) {
  add("a", yes_, {&one_}, 100);
  add("b", yes_, {&two_}, 100);
  add("c", yes_, {&one_, &two_}, 100);
  purgatory_.wake(&one_);
  EXPECT_THAT(told_, ElementsAre("a done", "c done"));
  EXPECT_EQ(purgatory_.size(), 1U);
  purgatory_.wake(&two_);
  EXPECT_THAT(told_, ElementsAre("a done", "c done", "b done"));
  EXPECT_FALSE(purgatory_.nextDeadline());
}

TEST_F(PurgatoryTest, WhatIsNotReadyWaitsOn) {
  bool ready = false;
  add("a", ready, {&one_}, 100);
  purgatory_.wake(&one_);
  EXPECT_THAT(told_, IsEmpty());
  ready = true;
  purgatory_.wake(&one_);
  EXPECT_THAT(told_, ElementsAre("a done"));
}

TEST_F(PurgatoryTest, ExpiresWhatIsDue) {
  add("late", no_, {&one_}, 200);
  add("early", no_, {&one_}, 100);
  EXPECT_EQ(purgatory_.nextDeadline(), TimePoint(Millis(100)));
  purgatory_.expire(TimePoint(Millis(99)));
  EXPECT_THAT(told_, IsEmpty());
  purgatory_.expire(TimePoint(Millis(100)));
  EXPECT_THAT(told_, ElementsAre("early expired"));
  EXPECT_EQ(purgatory_.nextDeadline(), TimePoint(Millis(200)));
  purgatory_.expireAll(&one_);
  EXPECT_THAT(told_, ElementsAre("early expired", "late expired"));
}

TEST_F(PurgatoryTest, AnEventThatComesWhileItIsTriedIsNotLost) {
  bool ready = false;
  Waiter* waiter = add("a", ready, {&one_}, 100);
  int tries = 0;
  waiter->onTry = [&] {
    if (++tries > 1) return;
    // The first look comes too early; the event that would have helped happens inside it.
    ready = false;
    purgatory_.wake(&one_);
  };
  purgatory_.wake(&one_);
  EXPECT_EQ(tries, 2) << "tried again, once";
}

TEST_F(PurgatoryTest, AnAnswerMayAddAndWakeOthers) {
  Waiter* first = add("first", yes_, {&one_}, 100);
  first->onTry = [&] {
    add("second", yes_, {&two_}, 100);
    purgatory_.wake(&two_);
  };
  purgatory_.wake(&one_);
  EXPECT_THAT(told_, ElementsAre("second done", "first done"));
  EXPECT_EQ(purgatory_.size(), 0U);
}

}  // namespace
}  // namespace klamm::broker
