#include "cli/text/observe_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

class ObserveLines : public ::testing::Test {
 protected:
  ObserveLines() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  static ordered_json drop() {
    return ordered_json::parse(R"({"event": "decision", "sequence": 0, "time": 3723.25, "generation": 1,
      "packet": {"protocol": "tcp", "source": "203.0.113.12", "source_port": 40000, "destination": "10.0.1.10",
                 "destination_port": 80, "flags": "S"},
      "verdict": "drop", "reason": "no-group-rule", "before": null,
      "gates": [{"gate": "acl-ingress", "subnet": "A", "acl": "acl-1", "outcome": "allow", "rule": "100"},
                {"gate": "sg-ingress", "interface": "web", "outcome": "deny"}]})");
  }

  ObserveText text_{false};
};

TEST_F(ObserveLines, TellADropByTheGateThatRefused) {
  EXPECT_EQ(text_.titles(),
            "TIME          VERDICT  PROTOCOL  SOURCE                 DESTINATION            DECIDED BY\n");
  EXPECT_EQ(text_.line(drop()),
            "01:02:03.250  DROP     tcp       203.0.113.12:40000     10.0.1.10:80           sg-ingress web "
            "implicit "
            "deny\n");
}

TEST_F(ObserveLines, TellAnAcceptByEveryGate) {
  ordered_json event = drop();
  event["verdict"] = "accept";
  event["gates"][1] = {
      {"gate", "sg-ingress"}, {"interface", "web"}, {"outcome", "new"}, {"rule", "sgr-1"}, {"group", "web"}};
  const std::string line = text_.line(event);
  EXPECT_NE(line.find("ACCEPT   tcp"), std::string::npos) << line;
  EXPECT_NE(line.find("acl-ingress A entry 100, sg-ingress web rule sgr-1 of web (new)\n"), std::string::npos)
      << line;
}

TEST_F(ObserveLines, TellWhatItWasBefore) {
  ordered_json event = drop();
  event["before"] = {{"verdict", "drop"}, {"reason", "acl-entry"}, {"gate", "acl-ingress"}, {"rule", "90"}};
  EXPECT_NE(text_.line(event).find("implicit deny  (was drop, acl-entry, 90)\n"), std::string::npos);
}

TEST_F(ObserveLines, TellRepeatsAndLosses) {
  ordered_json event = drop();
  event["event"] = "repeat";
  event["count"] = 1204;
  event.erase("time");
  EXPECT_EQ(text_.line(event),
            "              DROP     tcp       203.0.113.12:40000     10.0.1.10:80           ×1,204 more\n");
  EXPECT_EQ(text_.line({{"event", "missed"}, {"count", 2311000}}),
            "-- missed 2,311,000 decisions: more came than could be told\n");
  EXPECT_EQ(text_.line({{"event", "policy"}, {"generation", 7}, {"unknown", {"no interface \"x\""}}}),
            "-- policy generation 7 in force; no interface \"x\"\n");
  EXPECT_EQ(ObserveText::summary({{"decisions", 1234}, {"told", 4}, {"repeated", 1000}, {"missed", 230}}),
            "1,234 decisions: 4 told, 1,000 repeated, 230 missed\n");
}

TEST_F(ObserveLines, GrowTheirColumnsAndNeverShrinkThem) {
  ordered_json wide = drop();
  wide["packet"]["source"] = "2001:db8:ffff:ffff:ffff:ffff:ffff:12";
  wide["packet"]["destination"] = "2001:db8:1::10";
  const std::string first = text_.line(wide), second = text_.line(drop());
  EXPECT_NE(first.find("[2001:db8:ffff:ffff:ffff:ffff:ffff:12]:40000  [2001:db8:1::10]:80"),
            std::string::npos)
      << first;
  EXPECT_EQ(first.find("sg-ingress"), second.find("sg-ingress"));
}

TEST_F(ObserveLines, TellPacketsWithoutPortsAndWithoutAnything) {
  ordered_json event = drop();
  event["packet"] = {{"protocol", "icmp"},
                     {"source", "203.0.113.12"},
                     {"type", 8},
                     {"code", 0},
                     {"destination", "10.0.1.10"}};
  EXPECT_NE(text_.line(event).find("DROP     icmp 8/0  203.0.113.12           10.0.1.10 "),
            std::string::npos);
  event["packet"] = nullptr;
  event["parse_error"] = "bad-version";
  event["reason"] = "malformed";
  event["gates"] = ordered_json::array();
  EXPECT_NE(text_.line(event).find(
                "DROP     ?         ?                      ?                      bad-version\n"),
            std::string::npos);
}

TEST_F(ObserveLines, AreColouredOnlyWhenAsked) {
  ObserveText colourful(true);
  const std::string line = colourful.line(drop());
  EXPECT_NE(line.find("\033[31mDROP\033[0m     tcp"), std::string::npos) << line;
  EXPECT_EQ(text_.line(drop()).find('\033'), std::string::npos);
}

}  // namespace
}  // namespace vpcwall
