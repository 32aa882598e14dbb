#include "replay/step.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(ReadStep, TakesAPacketWithItsTimeAndPath) {
  const auto step =
      read_step(R"({"at": 1.5, "packet": {"protocol": "udp", "source": "10.0.0.5", "source_port": 1,
      "destination": "10.0.0.6", "destination_port": 2, "hop_limit": 255, "length": 100},
      "path": [{"direction": "egress", "interface": "a1"}]})");
  ASSERT_TRUE(step.has_value()) << step.error().message;
  EXPECT_EQ(step->at, std::chrono::milliseconds(1500));
  const auto& packet = std::get<PacketStep>(step->what);
  EXPECT_EQ(packet.packet.destination_port, 2);
  EXPECT_EQ(packet.packet.hop_limit, 255);
  EXPECT_EQ(packet.packet.length, 100U);
  ASSERT_EQ(packet.path.size(), 1U);
  EXPECT_EQ(packet.path[0].interface, "a1");
}

TEST(ReadStep, TakesAPolicy) {
  const auto step = read_step(R"({"policy": "changed.yaml"})");
  ASSERT_TRUE(step.has_value());
  EXPECT_FALSE(step->at.has_value());
  EXPECT_EQ(std::get<PolicyStep>(step->what).file, "changed.yaml");
}

TEST(ReadStep, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"{", "not JSON"},
      {"[]", "expected an object"},
      {"{}", "either \"packet\" or \"policy\""},
      {R"({"packet": {}, "policy": "x"})", "either \"packet\" or \"policy\""},
      {R"({"time": 1, "policy": "x"})", "unknown key \"time\""},
      {R"({"at": -1, "policy": "x"})", "seconds from 0 on"},
      {R"({"at": "now", "policy": "x"})", "seconds from 0 on"},
      {R"({"at": 1e300, "policy": "x"})", "seconds from 0 on"},
      {R"({"policy": 7})", "name of a file"},
      {R"({"packet": {"protocol": "tcp"}})", "\"source\" is missing"},
      {R"({"packet": {"source": "10.0.0.1", "destination": "10.0.0.2"}})", "\"protocol\" is missing"},
      {R"({"packet": {"protocol": "tcpp", "source": "10.0.0.1", "destination": "10.0.0.2"}})",
       "expected tcp, udp"},
      {R"({"packet": {"protocol": 256, "source": "10.0.0.1", "destination": "10.0.0.2"}})",
       "expected tcp, udp"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0", "destination": "10.0.0.2"}})",
       "expected an IP address"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "::1"}})", "different families"},
      {R"({"packet": {"protocol": "udp", "source": "10.0.0.1", "destination": "10.0.0.2", "source_port": 1}})",
       "\"destination_port\" is missing"},
      {R"({"packet": {"protocol": "udp", "source": "10.0.0.1", "destination": "10.0.0.2", "source_port": 1,
          "destination_port": 65536}})",
       "from 0 to 65535"},
      {R"({"packet": {"protocol": "tcp", "source": "10.0.0.1", "destination": "10.0.0.2", "source_port": 1,
          "destination_port": 2, "flags": "SX"}})",
       "letters of SAFRPU"},
      {R"({"packet": {"protocol": "icmp", "source": "10.0.0.1", "destination": "10.0.0.2"}})",
       "\"type\" is missing"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "10.0.0.2", "port": 1}})",
       "unknown key \"port\""},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "10.0.0.2"}, "path": []})",
       "one or two sides"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "10.0.0.2"},
          "path": [{"direction": "in", "interface": "a1"}]})",
       "expected ingress or egress"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "10.0.0.2"}, "path": ["a1"]})",
       "expected {\"direction\": \"ingress\" or \"egress\", \"interface\": NAME}"},
      {R"({"packet": {"protocol": 47, "source": "10.0.0.1", "destination": "10.0.0.2"},
          "path": [{"direction": "egress", "interface": "a1"}, {"direction": "egress", "interface": "a2"}]})",
       "both sides of \"path\" have the same direction"},
  };
  for (const auto& [line, part] : rows) {
    const auto step = read_step(line);
    ASSERT_FALSE(step.has_value()) << line;
    EXPECT_NE(step.error().message.find(part), std::string::npos) << line << " -> " << step.error().message;
  }
}

}  // namespace
}  // namespace vpcwall
