#pragma once
// What the three clients can do, cut into steps that each end by themselves.

#include <chrono>
#include <string>
#include <vector>

namespace klamm::hostile {

/// A topic with records, and names of its own for whatever a step makes.
struct Stage {
  std::string bootstrap = {};  ///< through which the step goes
  std::string direct = {};     ///< around the proxy, for what must be there before
  std::string fresh = {};      ///< a name that nothing has yet
  int patience = 1;            ///< every time-out is so many times as long
};

/// One use of a client, with time-outs of a second or two on everything. It throws what the client throws.
struct Step {
  const char* name;
  std::chrono::milliseconds limit;  ///< the sum of its time-outs, with a patience of 1
  void (*run)(const Stage& stage);
};

/// The name of the topic that every step reads.
inline constexpr const char* kTopic = "t";

/// Makes the topic and writes some records into it.
void prepare(const std::string& bootstrap, int patience);
[[nodiscard]] const std::vector<Step>& clientSteps();

}  // namespace klamm::hostile
