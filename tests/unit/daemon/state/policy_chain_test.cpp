#include "daemon/state/policy_chain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vpcwall {
namespace {

using Texts = std::vector<std::string>;

class PolicyChainTest : public ::testing::Test {
 protected:
  PolicyChainTest() : folder_(::testing::TempDir() + "vpcwall-chain-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~PolicyChainTest() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file(std::uint64_t number) const {
    return folder_ + "/in-force-" + std::to_string(number);
  }
  // As the next process reads it.
  [[nodiscard]] Expected<Texts, std::string> read(std::uint64_t from, std::uint64_t last) const {
    return PolicyChain(folder_).read(from, last);
  }

  std::string folder_;
};

TEST_F(PolicyChainTest, GivesThePoliciesBackInOrder) {
  PolicyChain chain(folder_);
  for (std::uint64_t i = 1; i <= 12; ++i) EXPECT_EQ(chain.append("policy " + std::to_string(i) + "\n"), i);
  const auto texts = read(9, 12);
  ASSERT_TRUE(texts) << texts.error();
  EXPECT_EQ(*texts, (Texts{"policy 9\n", "policy 10\n", "policy 11\n", "policy 12\n"}));
}

TEST_F(PolicyChainTest, ANumberIsNeverGivenTwice) {
  std::uint64_t before = 0;
  {
    PolicyChain chain(folder_);
    before = chain.append("one");
    chain.withdraw(chain.append("refused"));
    EXPECT_GT(chain.append("two"), before + 1);
  }
  PolicyChain chain(folder_);
  chain.clear();
  EXPECT_EQ(chain.append("three"), 4U);
  const auto texts = read(4, 4);
  ASSERT_TRUE(texts) << texts.error();
  EXPECT_EQ(*texts, Texts{"three"});
}

TEST_F(PolicyChainTest, WhatWasRefusedIsNoPartOfIt) {
  PolicyChain chain(folder_);
  chain.append("one");
  chain.withdraw(chain.append("refused"));
  chain.append("two");
  const auto texts = read(1, 3);
  ASSERT_TRUE(texts) << texts.error();
  EXPECT_EQ(*texts, (Texts{"one", "two"}));
}

TEST_F(PolicyChainTest, FindsThatAnyLinkIsMissing) {
  for (std::uint64_t missing = 1; missing <= 3; ++missing) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    PolicyChain chain(folder_);
    for (const char* text : {"one", "two", "three"}) chain.append(text);
    std::filesystem::remove(file(missing));
    EXPECT_FALSE(read(1, 3)) << missing;
  }
}

TEST_F(PolicyChainTest, FindsThatAnyByteHasChanged) {
  PolicyChain chain(folder_);
  chain.append("one");
  std::stringstream content;
  content << std::ifstream(file(1)).rdbuf();
  const std::string whole = content.str();
  for (std::size_t i = 0; i <= whole.size(); ++i) {
    std::string damaged = whole.substr(0, i);
    if (i < whole.size()) damaged += static_cast<char>(whole[i] ^ 1) + whole.substr(i + 1);
    if (i == whole.size()) damaged = whole.substr(0, i - 1);
    std::ofstream(file(1), std::ios::trunc) << damaged;
    EXPECT_FALSE(read(1, 1)) << i;
  }
  std::ofstream(file(1), std::ios::trunc) << whole;
  EXPECT_TRUE(read(1, 1));
  std::filesystem::rename(file(1), file(2));
  EXPECT_FALSE(read(2, 2)) << "another one's content";
}

TEST_F(PolicyChainTest, HasRoomForSoManyAndSaysSo) {
  PolicyChain chain(folder_);
  for (std::size_t i = 0; i < PolicyChain::most_policies; ++i) chain.append("one of many");
  EXPECT_THROW(chain.append("one more"), std::runtime_error);
  chain.drop_before(chain.last());
  EXPECT_NO_THROW(chain.append("there is room again"));
  EXPECT_THROW(chain.append(std::string(PolicyChain::most_bytes, '#')), std::runtime_error);
}

}  // namespace
}  // namespace vpcwall
