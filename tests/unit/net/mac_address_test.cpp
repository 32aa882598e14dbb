#include "net/mac_address.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(MacAddress, SurvivesTextAndBack) {
  for (const char* text : {"00:00:00:00:00:00", "06:12:34:ab:cd:ef", "ff:ff:ff:ff:ff:ff"})
    EXPECT_EQ(to_string(*parse_mac_address(text)), text);
  EXPECT_EQ(parse_mac_address("06:12:34:AB:CD:EF"), (MacAddress{6, 0x12, 0x34, 0xab, 0xcd, 0xef}));
}

TEST(MacAddress, RefusesWhatIsNone) {
  for (const char* text :
       {"", "0:1:2:3:4:5", "06-12-34-ab-cd-ef", "06:12:34:ab:cd:eg", "06:12:34:ab:cd:e ", "06:12:34:ab:cd",
        "06:12:34:ab:cd:ef:00", "06:12:34:ab:cd:-1", " 6:12:34:ab:cd:ef"})
    EXPECT_FALSE(parse_mac_address(text)) << text;
}

}  // namespace
}  // namespace vpcwall
