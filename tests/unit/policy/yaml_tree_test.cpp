#include "policy/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using testing::HasSubstr;

// The one diagnostic of a text that is no tree, or "" for a tree.
std::string refusal(std::string_view text) {
  Reporter reporter("t");
  const auto tree = parse_yaml(text, reporter);
  const auto found = reporter.take();
  EXPECT_EQ(found.size(), tree ? 0U : 1U);
  return found.empty() ? "" : to_string(found.front());
}

std::string repeat(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(YamlTree, KeepsPositionsQuotesAndDuplicateKeys) {
  Reporter reporter("t");
  const auto tree = parse_yaml("a: 1\nb:\n  - 'x'\na:\n", reporter);
  ASSERT_TRUE(tree);
  const auto& children = tree->root->children;
  ASSERT_EQ(children.size(), 6U);
  EXPECT_FALSE(children[1]->quoted);
  const YamlNode& item = *children[3]->children[0];
  EXPECT_EQ(item.at.line, 3U);
  EXPECT_EQ(item.at.column, 5U);
  EXPECT_TRUE(item.quoted);
  EXPECT_EQ(children[4]->text, "a");
  EXPECT_EQ(children[5]->kind, YamlNode::Kind::null);
  EXPECT_EQ(children[5]->at.line, 4U) << "an empty value stands where its key stands";
}

TEST(YamlTree, ReadsJsonTabsLineEndsOfDosAndAByteOrderMark) {
  for (const char* text :
       {R"({"a":1,"b":["x",{}]})", "{\n\t\"a\": 1,\n\t\"b\": [\n\t\t1]\n}\n", "a: 1\r\nb: 2\r\n",
        "\uFEFFa: 1\n", "a: 1 # é\n", "--- \na: 1\n...\n", "a: &x [1]\nb: *x\n"})
    EXPECT_EQ(refusal(text), "") << text;
}

TEST(YamlTree, SaysWhereTheTextIsNoYaml) {
  EXPECT_THAT(refusal("a: b: c\n"), HasSubstr("t:1:5: error: found text that is not YAML"));
  EXPECT_THAT(refusal("a: 1\n]\n"), HasSubstr("t:2:1: error: found text that is not YAML"));
  EXPECT_THAT(refusal("{a: 1"), HasSubstr("t:1:1: error: found text that is not YAML"));
  EXPECT_THAT(refusal("a:\n\tb: 1\n"), HasSubstr("t:2:3: error: found text that is not YAML"));
  EXPECT_THAT(refusal("a: *b\n"), HasSubstr("t:1:4: error: found text that is not YAML"));
}

TEST(YamlTree, RefusesEmptyFilesAndSeveralDocuments) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"})
    EXPECT_THAT(refusal(text), HasSubstr("error: found an empty file, expected a policy")) << text;
  EXPECT_THAT(refusal("a: 1\n---\nb: 2\n"), HasSubstr("t:2:1: error: found more text after the end"));
  EXPECT_THAT(refusal("{a: 1} b\n"), HasSubstr("t:1:8: error: found more text after the end"));
  EXPECT_THAT(refusal("[],[],[]"), HasSubstr("error: found more text after the end"));
}

TEST(YamlTree, RefusesTags) {
  EXPECT_THAT(refusal("a: !!str 5\n"), HasSubstr("t:1:4: error: found the YAML tag"));
  EXPECT_THAT(refusal("a: !x {}\n"), HasSubstr("t:1:4: error: found the YAML tag"));
}

// Byte 4 would end the library's input in silence: every rule after it would be lost.
TEST(YamlTree, RefusesControlBytesAndWhatIsNotUtf8) {
  EXPECT_THAT(refusal(std::string_view("a: 1\nb: \x04 2\n")),
              HasSubstr("t:2:4: error: found the control byte \"\\x04\""));
  EXPECT_THAT(refusal(std::string_view("a\0b", 3)),
              HasSubstr("t:1:2: error: found the control byte \"\\x00\""));
  EXPECT_THAT(refusal("é: \xff"), HasSubstr("t:1:4: error: found bytes that are not UTF-8"));
  EXPECT_THAT(refusal("a: \xC3"), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal("\xFF\xFE"
                      "a"),
              HasSubstr("t:1:1: error: found bytes that are not UTF-8"));
}

TEST(YamlTree, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) { return repeat("[", depth) + repeat("]", depth); };
  EXPECT_EQ(refusal(nested(max_policy_depth)), "");
  EXPECT_THAT(refusal(nested(max_policy_depth + 1)),
              HasSubstr("t:1:17: error: found nesting deeper than 16 levels"));
  for (const char* opening : {"[", "{", "- ", "? ", "{a: ", "[[],", "[{", "- ? "})
    EXPECT_THAT(refusal(repeat(opening, 100000)), HasSubstr("found nesting deeper than 16 levels"))
        << opening;
}

TEST(YamlTree, BoundsTheSize) {
  EXPECT_THAT(refusal(std::string(max_policy_bytes + 1, ' ')),
              HasSubstr("t: error: found 16777217 bytes, expected at most"));
  EXPECT_THAT(refusal('[' + repeat("[],", max_policy_nodes) + ']'),
              HasSubstr("error: found more than 2000000 values"));
}

TEST(YamlTree, CountsAliasesEachTimeTheyAreUsed) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += 'a' + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(refusal(bomb), HasSubstr("error: found more than 2000000 values"));
  EXPECT_THAT(refusal("a: &x [*x, *x]\n"), HasSubstr("t:1:4: error: found nesting deeper than 16 levels"));
}

}  // namespace
}  // namespace vpcwall
