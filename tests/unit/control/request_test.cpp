#include "control/request.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(ReadRequest, TakesEachVerb) {
  for (const auto& [verb, role] : request_verbs) {
    const auto request = read_request(R"({"verb":")" + std::string(verb) + R"("})");
    ASSERT_TRUE(request.has_value()) << verb;
    EXPECT_EQ(request->verb, verb);
    EXPECT_EQ(find_verb(verb)->role, role) << "each once";
  }
  EXPECT_EQ(find_verb("stauts"), nullptr);
}

TEST(RoleSet, HasWhatWasGivenAndToViewWithIt) {
  EXPECT_TRUE(RoleSet{}.empty());
  EXPECT_FALSE(RoleSet{}.has(Role::view));
  RoleSet roles{Role::confirm};
  EXPECT_TRUE(roles.has(Role::view));
  EXPECT_TRUE(roles.has(Role::confirm));
  EXPECT_FALSE(roles.has(Role::change));
  EXPECT_FALSE(RoleSet{Role::view}.has(Role::debug));
  roles |= {Role::change, Role::debug};
  roles |= {Role::view};
  EXPECT_EQ(roles, RoleSet::all());
}

TEST(ReadRequest, SaysWhatIsWrong) {
  struct Row {
    std::string line, part;
  };
  const Row rows[] = {
      {"", "not a JSON object"},
      {"status", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {R"({"verb":"status"} x)", "not a JSON object"},
      {"{}", "no \"verb\""},
      {R"({"verb":7})", "no \"verb\""},
      {R"({"verb":"stauts"})", "unknown verb \"stauts\""},
      {std::string(max_request_bytes + 1, ' '), "longer than 65536"},
      {R"({"verb":"status","x":)" + std::string(30000, '[') + std::string(30000, ']') + "}",
       "nested too deeply"},
      {std::string("{\"verb\":\"\xff\xfe\"}"), "not a JSON object"},
  };
  for (const Row& row : rows) {
    const auto request = read_request(row.line);
    ASSERT_FALSE(request.has_value()) << row.line.substr(0, 60);
    EXPECT_NE(request.error().find(row.part), std::string::npos) << request.error();
  }
}

}  // namespace
}  // namespace vpcwall
