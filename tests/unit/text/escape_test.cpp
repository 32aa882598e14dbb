#include "text/escape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace vpcwall {
namespace {

TEST(Escape, LeavesWhatCanBeShown) {
  for (const std::string text :
       {"", "web server", "10.0.0.0/8 -> tcp \"80\" \\ <b>", "Ärger, 東京, 👍, e\u0301"})
    EXPECT_EQ(escaped(text), text);
}

TEST(Escape, WritesControlBytesAsHexadecimalDigits) {
  EXPECT_EQ(escaped("web\nforged\r\t\033[2J"), "web\\x0aforged\\x0d\\x09\\x1b[2J");
  EXPECT_EQ(escaped(std::string(1, '\0')), "\\x00");
}

TEST(Escape, WritesCharactersThatActOnTheTerminalAsJsonDoes) {
  EXPECT_EQ(escaped("\u007f"), "\\u007f");
  EXPECT_EQ(escaped("a\u009bb"), "a\\u009bb") << "C1: begins a control sequence";
  EXPECT_EQ(escaped("a\u202eb\u2066\u200f\u061c"), "a\\u202eb\\u2066\\u200f\\u061c") << "direction";
  EXPECT_EQ(escaped("a\u2028b\u2029\u0085"), "a\\u2028b\\u2029\\u0085") << "ends of lines";
  EXPECT_EQ(escaped("a\u200bb\ufeff\u2060"), "a\\u200bb\\ufeff\\u2060") << "nothing to be seen";
  EXPECT_EQ(escaped("\U000e0041"), "\\udb40\\udc41") << "tags";
}

TEST(Escape, WritesBytesThatAreNoUtf8) {
  EXPECT_EQ(escaped("a\xffz"), "a\\xffz");
  EXPECT_EQ(escaped("\x9b"), "\\x9b") << "C1 to a terminal of eight bits";
  EXPECT_EQ(escaped("\xc0\x8a"), "\\xc0\\x8a") << "a line end in too many bytes";
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half a pair";
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last character";
  EXPECT_EQ(escaped("\xe2\x80"), "\\xe2\\x80") << "cut off";
}

TEST(Escape, KeepsLinesWhereThereMayBeSome) {
  EXPECT_EQ(escaped_lines("a\tb\nc\033\r\n"), "a\tb\nc\\x1b\\x0d\n");
}

// Every character, alone.
TEST(Escape, IsDoneOnceAndAgreesWithTheQuestion) {
  for (char32_t point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 37) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    std::string text;
    if (point < 0x80) {
      text = {static_cast<char>(point)};
    } else if (point < 0x800) {
      text = {static_cast<char>(0xc0U | (point >> 6U)), static_cast<char>(0x80U | (point & 0x3fU))};
    } else if (point < 0x10000) {
      text = {static_cast<char>(0xe0U | (point >> 12U)), static_cast<char>(0x80U | ((point >> 6U) & 0x3fU)),
              static_cast<char>(0x80U | (point & 0x3fU))};
    } else {
      text = {static_cast<char>(0xf0U | (point >> 18U)), static_cast<char>(0x80U | ((point >> 12U) & 0x3fU)),
              static_cast<char>(0x80U | ((point >> 6U) & 0x3fU)), static_cast<char>(0x80U | (point & 0x3fU))};
    }
    const std::string once = escaped(text);
    ASSERT_EQ(escaped(once), once) << static_cast<std::uint32_t>(point);
    ASSERT_EQ(is_printable(text), once == text) << static_cast<std::uint32_t>(point);
    ASSERT_TRUE(is_printable(once)) << static_cast<std::uint32_t>(point);
    // A document keeps its meaning.
    const nlohmann::json value = text;
    ASSERT_EQ(nlohmann::json::parse(escaped(value.dump())), value) << static_cast<std::uint32_t>(point);
  }
}

TEST(Escape, KnowsWhatIsNotYetACharacter) {
  EXPECT_EQ(unfinished_bytes(""), 0U);
  EXPECT_EQ(unfinished_bytes("abc"), 0U);
  EXPECT_EQ(unfinished_bytes("a\xe2"), 1U);
  EXPECT_EQ(unfinished_bytes("a\xe2\x80"), 2U);
  EXPECT_EQ(unfinished_bytes("a\xe2\x80\xae"), 0U);
  EXPECT_EQ(unfinished_bytes("a\xf0\x9f\x91"), 3U);
  EXPECT_EQ(unfinished_bytes("\x80\x80\x80\x80"), 0U) << "never one";
}

}  // namespace
}  // namespace vpcwall
