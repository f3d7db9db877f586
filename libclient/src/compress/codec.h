#pragma once
// The codecs of record batches, and decompression that an attacker cannot make grow.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace klamm::compress {

/// Kafka's ids, as in the lowest three bits of a batch's attributes.
enum class CompressionType : std::int8_t { None = 0, Gzip = 1, Snappy = 2, Lz4 = 3, Zstd = 4 };

/// Kafka's name: none, gzip, snappy, lz4, zstd.
[[nodiscard]] std::string_view compressionName(CompressionType type) noexcept;
[[nodiscard]] std::optional<CompressionType> compressionFromName(std::string_view name) noexcept;
[[nodiscard]] std::optional<CompressionType> compressionFromId(int id) noexcept;

/// The levels that Kafka's compression.{gzip,lz4,zstd}.level take; snappy has none (all three are 0).
struct CompressionLevels {
  int lowest = 0;
  int highest = 0;
  int byDefault = 0;
};
[[nodiscard]] CompressionLevels compressionLevels(CompressionType type) noexcept;

/// A codec and how hard it tries; without a level Kafka's default.
struct Compression {
  CompressionType type = CompressionType::None;
  std::optional<int> level = {};
};

/// Appends the compressed form of `input` to `out`, as one stream in the framing that Kafka's Java client writes
/// (gzip member; snappy-java's blocks of 32 KiB; LZ4 frame of independent 64 KiB blocks without checksums; zstd frame).
/// Contexts are kept per thread. Threading: any thread.
[[nodiscard]] Status compress(Compression how, BytesView input, std::vector<std::byte>& out);

/// The whole content of `input`. Fails with CorruptMessage when the input is cut, damaged or followed by other bytes,
/// and with MessageTooLarge as soon as the content passes `limit`; what the input claims about its size is a hint only.
/// Members and frames that follow one another are read as one. Threading: any thread.
[[nodiscard]] Result<Buffer> decompress(CompressionType type, BytesView input, std::size_t limit);

/// Decompresses piece by piece, for whoever wants to look at the content without holding it:
///
///     auto stream = openStream(CompressionType::Zstd, bytes);
///     for (;;) { auto piece = stream->next(); if (!piece || piece->empty()) break; look(*piece); }
///
/// Threading: one thread.
class DecompressionStream {
 public:
  virtual ~DecompressionStream() = default;
  /// The next piece, never empty before the end, at most some MiB (snappy: 22 times its block); it stays valid until the
  /// next call. Empty at the end. Fails with CorruptMessage, and then always.
  [[nodiscard]] virtual Result<BytesView> next() = 0;
};

/// `input` must outlive the stream.
[[nodiscard]] std::unique_ptr<DecompressionStream> openStream(CompressionType type, BytesView input);

}  // namespace klamm::compress
