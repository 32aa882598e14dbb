#include "text/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace vpcwall {
namespace {

struct Range {
  char32_t first, last;
};

// In ascending order.
constexpr std::array<Range, 17> unprintable{{
    {0x0000, 0x001f},    // C0
    {0x007f, 0x009f},    // DEL and C1
    {0x00ad, 0x00ad},    // soft hyphen
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x17b4, 0x17b5},    // Khmer inherent vowels
    {0x180b, 0x180f},    // Mongolian selectors
    {0x200b, 0x200b},    // zero width space; the joiners next to it belong to scripts
    {0x200e, 0x200f},    // direction marks
    {0x2028, 0x202e},    // line and paragraph ends, embeddings and overrides
    {0x2060, 0x206f},    // invisible operators, isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // halfwidth Hangul filler
    {0xfff0, 0xfffb},    // annotations
    {0x1d173, 0x1d17a},  // musical controls
    {0xe0000, 0xe0fff},  // tags, variation selectors
}};

bool is_unprintable(char32_t point) noexcept {
  const auto* range = std::lower_bound(unprintable.begin(), unprintable.end(), point,
                                       [](const Range& one, char32_t value) { return one.last < value; });
  if (range != unprintable.end() && range->first <= point) return true;
  return (point & 0xfffeU) == 0xfffeU || (point >= 0xfdd0 && point <= 0xfdef);  // no characters
}

struct Character {
  char32_t point = 0;
  std::size_t size = 0;  // 0: no UTF-8
};

bool continues(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

std::size_t size_by_first_byte(char byte) noexcept {
  const auto first = static_cast<unsigned char>(byte);
  if (first < 0x80U) return 1;
  if (first >= 0xc2U && first <= 0xdfU) return 2;
  if (first >= 0xe0U && first <= 0xefU) return 3;
  if (first >= 0xf0U && first <= 0xf4U) return 4;
  return 0;
}

// `text` is not empty.
Character first_character(std::string_view text) noexcept {
  const std::size_t size = size_by_first_byte(text.front());
  if (size == 1) return {static_cast<char32_t>(text.front()), 1};
  if (size == 0 || text.size() < size) return {};
  char32_t point = static_cast<unsigned char>(text.front()) & (0xffU >> (size + 1));
  for (const char byte : text.substr(1, size - 1)) {
    if (!continues(byte)) return {};
    point = (point << 6U) | (static_cast<unsigned char>(byte) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (point < least.at(size) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
  return {point, size};
}

constexpr std::string_view digits = "0123456789abcdef";

void put_byte(std::string& shown, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  shown += {'\\', 'x', digits[value >> 4U], digits[value & 15U]};
}

void put_unit(std::string& shown, char32_t unit) {
  shown += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) shown += digits[(unit >> shift) & 15U];
}

void put_point(std::string& shown, char32_t point) {
  if (point < 0x10000) return put_unit(shown, point);
  put_unit(shown, 0xd800U + ((point - 0x10000U) >> 10U));
  put_unit(shown, 0xdc00U + ((point - 0x10000U) & 0x3ffU));
}

bool is_plain(char byte) noexcept { return byte >= 0x20 && byte < 0x7f; }

std::string escape(std::string_view text, bool lines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto* plain_end = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(plain_end - text.begin());
    shown += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto [point, size] = first_character(text);
    if (size == 0 || (point < 0x20 && !(lines && (point == '\n' || point == '\t'))))
      put_byte(shown, text.front());
    else if (point >= 0x20 && is_unprintable(point))
      put_point(shown, point);
    else
      shown += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

}  // namespace

std::string escaped(std::string_view text) { return escape(text, false); }

std::string escaped_lines(std::string_view text) { return escape(text, true); }

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto [point, size] = first_character(text);
    if (size == 0 || is_unprintable(point)) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t unfinished_bytes(std::string_view text) noexcept {
  const std::size_t most = std::min<std::size_t>(text.size(), 3);
  for (std::size_t back = 1; back <= most; ++back) {
    const char byte = text[text.size() - back];
    if (continues(byte)) continue;
    return size_by_first_byte(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace vpcwall
