// Copies a topic into SQLite, each record exactly once:  sqlite-offsets SERVERS TOPIC FILE
//
// Records and the offsets behind them are written in one transaction, so a crash leaves both or neither. At the start,
// and whenever the group hands partitions over, the consumer goes where the database says; Kafka's own commits stay unused.

#include <klamm/consumer.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using Consumer = klamm::Consumer<std::string, std::string>;

/// One SQLite file. Threading: one thread.
class Database {
 public:
  explicit Database(const char* file) {
    if (sqlite3_open(file, &handle_) != SQLITE_OK) fail();
    run("CREATE TABLE IF NOT EXISTS records(topic TEXT, part INTEGER, pos INTEGER, value TEXT, PRIMARY KEY(topic, part, pos))");
    run("CREATE TABLE IF NOT EXISTS offsets(topic TEXT, part INTEGER, next INTEGER, PRIMARY KEY(topic, part))");
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void store(const klamm::ConsumerRecords<std::string, std::string>& records) {
    run("BEGIN");
    try {
      for (const auto& record : records) {
        query("INSERT INTO records VALUES(?, ?, ?, ?)", std::string(record.topic), record.partition, record.offset, &record.value);
      }
      for (const auto& [partition, next] : records.nextOffsets()) {
        query("INSERT OR REPLACE INTO offsets VALUES(?, ?, ?)", partition.topic, partition.partition, next.offset);
      }
      run("COMMIT");
    } catch (...) {
      sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }
  std::optional<std::int64_t> nextOffset(const klamm::TopicPartition& partition) {
    return query("SELECT next FROM offsets WHERE topic = ? AND part = ?", partition.topic, partition.partition, {});
  }
  std::int64_t count() { return query("SELECT count(*) FROM records", {}, {}, {}).value_or(0); }

 private:
  [[noreturn]] void fail() { throw std::runtime_error(sqlite3_errmsg(handle_)); }
  void run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  /// The first column of the first row, if there is one.
  std::optional<std::int64_t> query(const char* sql, const std::string& topic, std::optional<int> partition, std::optional<std::int64_t> number,
                                    const std::optional<std::string>* value = nullptr) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &raw, nullptr) != SQLITE_OK) fail();
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    if (!topic.empty()) sqlite3_bind_text(raw, 1, topic.c_str(), -1, SQLITE_TRANSIENT);
    if (partition) sqlite3_bind_int(raw, 2, *partition);
    if (number) sqlite3_bind_int64(raw, 3, *number);
    if (value != nullptr && *value) sqlite3_bind_text(raw, 4, (*value)->data(), static_cast<int>((*value)->size()), SQLITE_TRANSIENT);
    const int step = sqlite3_step(raw);
    if (step == SQLITE_ROW) return sqlite3_column_int64(raw, 0);
    if (step != SQLITE_DONE) fail();
    return std::nullopt;
  }

  sqlite3* handle_ = nullptr;
};

/// Goes to the stored offsets when partitions come. Threading: runs inside poll().
class SeekToStored : public klamm::RebalanceListener {
 public:
  SeekToStored(Consumer& consumer, Database& database) : consumer_(consumer), database_(database) {}
  void onPartitionsRevoked(const klamm::TopicPartitions&) override {}  // every poll's records are stored before the next poll
  void onPartitionsAssigned(const klamm::TopicPartitions& partitions) override {
    for (const klamm::TopicPartition& partition : partitions) {
      if (const auto next = database_.nextOffset(partition)) consumer_.seek(partition, *next);
    }
  }

 private:
  Consumer& consumer_;
  Database& database_;
};

bool isAtEnd(Consumer& consumer) {
  const klamm::TopicPartitions partitions = consumer.assignment();
  if (partitions.empty()) return false;
  for (const auto& [partition, end] : consumer.endOffsets(partitions)) {
    if (consumer.position(partition) < end) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: sqlite-offsets SERVERS TOPIC FILE\n");
    return 2;
  }
  try {
    Database database(argv[3]);
    const std::int64_t before = database.count();
    Consumer consumer({{"bootstrap.servers", argv[1]}, {"group.id", "sqlite"}, {"auto.offset.reset", "earliest"}, {"enable.auto.commit", "false"}});
    consumer.subscribe({argv[2]}, std::make_shared<SeekToStored>(consumer, database));
    while (!isAtEnd(consumer)) database.store(consumer.poll(std::chrono::milliseconds(500)));  // a service would go on for ever
    consumer.close();
    std::printf("stored %lld, %lld in all\n", static_cast<long long>(database.count() - before), static_cast<long long>(database.count()));
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
