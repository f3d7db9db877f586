#include "base/crc32c.h"

#include <array>
#include <bit>

#include "base/bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace klamm {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli's, bits reversed

/// kTables[n][b]: what byte b contributes when n more bytes follow it in the word.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[n][byte] = (tables[n - 1][byte] >> 8) ^ tables[0][tables[n - 1][byte] & 0xFF];
  return tables;
}();

std::uint64_t loadLittleEndian(const std::byte* from) noexcept {
  const auto value = loadBigEndian<std::uint64_t>(from);
  return byteSwapped(value);
}

#if defined(__x86_64__)

/// x^bits modulo the polynomial, bits reversed: multiplying a CRC by it moves the CRC past that many zero bits.
constexpr std::uint32_t powerOfX(std::size_t bits) {
  std::uint32_t value = 0x80000000;  // x^0
  for (std::size_t i = 0; i < bits; ++i) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
  return value;
}

/// The CRC moved past `Bytes` zero bytes, not reduced yet: the CRC instruction reduces it and, like the carry-less product
/// of two reversed numbers, moves it by itself, together 33 bits.
template <std::size_t Bytes>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t movedPast(std::uint32_t crc) noexcept {
  constexpr std::uint32_t factor = powerOfX(Bytes * 8 - 33);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(crc)), _mm_cvtsi32_si128(static_cast<int>(factor)), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

/// Three lanes of `Lane` bytes at once, since the instruction starts one word a cycle and needs three cycles for it:
///
///     | lane 0 ...... | lane 1 ...... | lane 2 ...... w |    w: the last word, where lanes 0 and 1 are folded in
template <std::size_t Lane>
__attribute__((target("sse4.2,pclmul"))) std::uint32_t threeLanes(const std::byte*& at, std::size_t& left, std::uint32_t start) noexcept {
  std::uint64_t crc = start;
  while (left >= 3 * Lane) {
    std::uint64_t crc1 = 0;
    std::uint64_t crc2 = 0;
    for (std::size_t i = 0; i + 8 < Lane; i += 8) {
      crc = _mm_crc32_u64(crc, loadLittleEndian(at + i));
      crc1 = _mm_crc32_u64(crc1, loadLittleEndian(at + Lane + i));
      crc2 = _mm_crc32_u64(crc2, loadLittleEndian(at + 2 * Lane + i));
    }
    crc = _mm_crc32_u64(crc, loadLittleEndian(at + Lane - 8));
    crc1 = _mm_crc32_u64(crc1, loadLittleEndian(at + 2 * Lane - 8));
    const std::uint64_t folded = movedPast<2 * Lane>(static_cast<std::uint32_t>(crc)) ^ movedPast<Lane>(static_cast<std::uint32_t>(crc1));
    crc = _mm_crc32_u64(crc2, loadLittleEndian(at + 3 * Lane - 8) ^ folded);
    at += 3 * Lane;
    left -= 3 * Lane;
  }
  return static_cast<std::uint32_t>(crc);
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t byInstruction(BytesView bytes, std::uint32_t crc) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  if (left >= 3 * 64) {
    crc = threeLanes<4096>(at, left, crc);
    crc = threeLanes<512>(at, left, crc);
    crc = threeLanes<64>(at, left, crc);
  }
  std::uint64_t word = crc;
  for (; left >= 8; left -= 8, at += 8) word = _mm_crc32_u64(word, loadLittleEndian(at));
  crc = static_cast<std::uint32_t>(word);
  for (; left > 0; --left, ++at) crc = _mm_crc32_u8(crc, static_cast<std::uint8_t>(*at));
  return ~crc;
}

#define KLAMM_WIDE __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.2")))

/// Both halves of each 128 bits moved past `Bits` bits, not reduced: added to what stands there, they leave the CRC as it was.
template <std::size_t Bits>
KLAMM_WIDE __m512i movedOnto(__m512i value, __m512i there) noexcept {
  constexpr auto low = static_cast<long long>(std::uint64_t{powerOfX(Bits + 32)} << 1);
  constexpr auto high = static_cast<long long>(std::uint64_t{powerOfX(Bits - 32)} << 1);
  const __m512i factors = _mm512_set_epi64(high, low, high, low, high, low, high, low);
  return _mm512_xor_si512(_mm512_xor_si512(_mm512_clmulepi64_epi128(value, factors, 0x00), _mm512_clmulepi64_epi128(value, factors, 0x11)), there);
}
template <std::size_t Bits>
KLAMM_WIDE __m128i movedOnto(__m128i value, __m128i there) noexcept {
  constexpr auto low = static_cast<long long>(std::uint64_t{powerOfX(Bits + 32)} << 1);
  constexpr auto high = static_cast<long long>(std::uint64_t{powerOfX(Bits - 32)} << 1);
  const __m128i factors = _mm_set_epi64x(high, low);
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(value, factors, 0x00), _mm_clmulepi64_si128(value, factors, 0x11)), there);
}

/// 256 bytes a round, each of four registers moved onto what comes 256 bytes behind it; at the end all onto the last 16 bytes:
///
///     | a | b | c | d | a | b | c | d | ...  --> a onto b onto c onto d --> its four parts one onto the next --> instruction
KLAMM_WIDE std::uint32_t byFolding(BytesView bytes, std::uint32_t crc) noexcept {
  constexpr std::size_t round = 256;
  if (bytes.size() < 2 * round) return byInstruction(bytes, crc);
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(at), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~crc))));
  __m512i b = _mm512_loadu_si512(at + 64);
  __m512i c = _mm512_loadu_si512(at + 128);
  __m512i d = _mm512_loadu_si512(at + 192);
  for (at += round; static_cast<std::size_t>(end - at) >= round; at += round) {
    a = movedOnto<round * 8>(a, _mm512_loadu_si512(at));
    b = movedOnto<round * 8>(b, _mm512_loadu_si512(at + 64));
    c = movedOnto<round * 8>(c, _mm512_loadu_si512(at + 128));
    d = movedOnto<round * 8>(d, _mm512_loadu_si512(at + 192));
  }
  d = movedOnto<512>(movedOnto<512>(movedOnto<512>(a, b), c), d);
  __m128i parts[4];
  _mm512_storeu_si512(parts, d);
  const __m128i last = movedOnto<128>(movedOnto<128>(movedOnto<128>(parts[0], parts[1]), parts[2]), parts[3]);
  const std::uint64_t folded = _mm_crc32_u64(_mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_extract_epi64(last, 0))),
                                             static_cast<std::uint64_t>(_mm_extract_epi64(last, 1)));
  return byInstruction({at, static_cast<std::size_t>(end - at)}, ~static_cast<std::uint32_t>(folded));
}

#undef KLAMM_WIDE
#endif

}  // namespace

std::uint32_t crc32c(BytesView bytes, std::uint32_t crc) noexcept {
  static const detail::Crc32cWay fastest = detail::crc32cWays().front();
  return fastest(bytes, crc);
}

namespace detail {

std::vector<Crc32cWay> crc32cWays() {
  std::vector<Crc32cWay> ways;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool instruction = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  if (instruction && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq")) ways.push_back(byFolding);
  if (instruction) ways.push_back(byInstruction);
#endif
  ways.push_back(crc32cByTable);
  return ways;
}

std::uint32_t crc32cByTable(BytesView bytes, std::uint32_t crc) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = loadLittleEndian(at) ^ crc;
    crc = 0;
    for (std::size_t n = 0; n < 8; ++n) crc ^= kTables[7 - n][(word >> (8 * n)) & 0xFF];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint32_t>(*at)) & 0xFF];
  return ~crc;
}

}  // namespace detail
}  // namespace klamm
