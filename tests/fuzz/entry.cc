// The door through which libFuzzer comes; without libFuzzer, a main that replays files and folders.

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  klamm::fuzz::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}

#ifndef KLAMM_LIBFUZZER
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

std::size_t replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::fprintf(stderr, "%s\n", path.c_str());  // the last line before a crash names its input
  klamm::fuzz::run(klamm::asBytes({bytes.data(), bytes.size()}));
  return 1;
}

}  // namespace

int main(int count, char** words) {
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    if (words[i][0] == '-') continue;  // libFuzzer's options mean nothing here
    if (!std::filesystem::is_directory(words[i])) {
      inputs += replay(words[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(words[i])) {
      if (entry.is_regular_file()) inputs += replay(entry.path());
    }
  }
  std::printf("%zu inputs replayed\n", inputs);
  return inputs > 0 ? 0 : 1;
}
#endif
