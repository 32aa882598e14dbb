#include "cli/standard_output.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/text/shown.h"

namespace vpcwall {
namespace {

TEST(ForTerminal, KeepsLinesAndTheCommandsOwnColours) {
  const std::string text = "\033[1;31mDROP\033[0m\tweb\n\033[32mPASS\033[0m ü\n";
  EXPECT_EQ(for_terminal(text), text);
}

TEST(ForTerminal, EscapesAllElse) {
  EXPECT_EQ(for_terminal("a\033[2Jb\033]0;title\007\u009b31m\u202e\r\n"),
            "a\\x1b[2Jb\\x1b]0;title\\x07\\u009b31m\\u202e\\x0d\n");
  EXPECT_EQ(for_terminal("\033[8mhidden\033[31"), "\\x1b[8mhidden\\x1b[31");
}

TEST(ForTerminal, LeavesTheMeaningOfJson) {
  const nlohmann::json json{{"name", "a\u202e\u009b\u007f\n\"\\b"}, {"list", {1, "\u2066"}}};
  const std::string shown = for_terminal(json.dump(2));
  EXPECT_EQ(shown.find("\u202e"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(shown), json);
}

TEST(EscapingBuffer, EscapesWhatGoesThroughAStreamHoweverItIsCut) {
  const std::string text = "plain ü \u202e \033[31mred\033[0m \033[2J\xff\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::ostringstream output;
    {
      std::ostream stream(output.rdbuf());
      const EscapingBuffer guard(stream);
      for (std::size_t at = 0; at < text.size(); at += size) stream << text.substr(at, size) << std::flush;
    }
    EXPECT_EQ(output.str(), for_terminal(text)) << size;
  }
}

TEST(EscapingBuffer, PassesMuchOn) {
  std::ostringstream output;
  std::ostream stream(output.rdbuf());
  {
    const EscapingBuffer guard(stream);
    for (int i = 0; i < 100'000; ++i) stream << "line " << i << '\n';
  }
  EXPECT_TRUE(output.str().ends_with("line 99999\n"));
  stream << "after";
  EXPECT_TRUE(output.str().ends_with("after")) << "the stream has its own buffer again";
}

TEST(EscapingBuffer, WritesADocumentAsItIsAtItsPlace) {
  std::ostringstream output;
  std::ostream stream(output.rdbuf());
  {
    EscapingBuffer guard(stream);
    stream << "\u202e";
    EXPECT_TRUE(guard.write_raw("\u202e"));
    stream << "\u202e";
  }
  EXPECT_EQ(output.str(), "\\u202e\u202e\\u202e");
}

TEST(Shown, EscapesLineEndsInEveryTextOfAnAnswer) {
  const nlohmann::ordered_json answer{{"a", "x\ny"}, {"b", {1, "\033", {{"c", "\u2028"}}}}, {"d", nullptr}};
  EXPECT_EQ(shown(answer).dump(), R"({"a":"x\\x0ay","b":[1,"\\x1b",{"c":"\\u2028"}],"d":null})");
}

}  // namespace
}  // namespace vpcwall
