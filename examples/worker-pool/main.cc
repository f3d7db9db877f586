// One thread polls, four work; a partition that is being worked on is paused:  worker-pool SERVERS TOPIC COUNT
//
// The order within a partition stays, work may take longer than max.poll.interval.ms because polling goes on, what is
// waiting is bounded by one poll per partition, and nothing is committed before it is done. Ends after COUNT records.

#include <klamm/consumer.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Consumer = klamm::Consumer<std::string, std::string>;

/// The records of one partition from one poll, and the offset behind them.
struct Task {
  klamm::TopicPartition partition;
  std::vector<std::string> values;
  klamm::OffsetAndMetadata next;
};

/// Threading: run() on the workers, the others on the thread that polls.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void submit(Task task) {
    {
      const std::lock_guard lock(mutex_);
      ++open_;
      waiting_.push_back(std::move(task));
    }
    changed_.notify_all();
  }
  /// What was finished since the last call.
  std::vector<Task> takeDone() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }
  void waitForAll() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_ == 0; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Task task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      for (const std::string& value : task.values) work(value);
      lock.lock();
      done_.push_back(std::move(task));
      --open_;
      changed_.notify_all();
    }
  }
  static void work(const std::string&) { std::this_thread::sleep_for(1ms); }  // stands for a slow call elsewhere

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> waiting_;
  std::vector<Task> done_;
  int open_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Commits what the workers finished, and makes way before partitions go. Threading: the thread that polls.
class Progress : public klamm::RebalanceListener {
 public:
  Progress(Consumer& consumer, Pool& pool) : consumer_(consumer), pool_(pool) {}

  void settle(bool resume) {
    klamm::OffsetMap offsets;
    klamm::TopicPartitions partitions;
    for (const Task& task : pool_.takeDone()) {
      offsets[task.partition] = task.next;
      partitions.push_back(task.partition);
      done_ += static_cast<long>(task.values.size());
    }
    if (offsets.empty()) return;
    consumer_.commitSync(offsets);
    if (resume) consumer_.resume(partitions);
  }
  long done() const { return done_; }

  void onPartitionsAssigned(const klamm::TopicPartitions&) override {}
  void onPartitionsRevoked(const klamm::TopicPartitions&) override {
    pool_.waitForAll();
    settle(false);
  }
  void onPartitionsLost(const klamm::TopicPartitions&) override {  // too late to commit: another member does them again
    pool_.waitForAll();
    (void)pool_.takeDone();
  }

 private:
  Consumer& consumer_;
  Pool& pool_;
  long done_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: worker-pool SERVERS TOPIC COUNT\n");
    return 2;
  }
  try {
    const long wanted = std::strtol(argv[3], nullptr, 10);
    Pool pool(4);
    Consumer consumer({{"bootstrap.servers", argv[1]}, {"group.id", "workers"}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}});
    const auto progress = std::make_shared<Progress>(consumer, pool);
    consumer.subscribe({argv[2]}, progress);
    while (progress->done() < wanted) {
      const auto records = consumer.poll(20ms);
      const klamm::OffsetMap next = records.nextOffsets();
      for (const klamm::TopicPartition& partition : records.partitions()) {
        Task task{.partition = partition, .values = {}, .next = next.at(partition)};
        for (const auto& record : records.records(partition)) task.values.push_back(record.value.value_or(""));
        consumer.pause({partition});
        pool.submit(std::move(task));
      }
      progress->settle(true);
    }
    consumer.close();
    std::printf("%ld records done\n", progress->done());
    return 0;
  } catch (const klamm::KafkaException& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
