#include "cli/lab/lab_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/lab/lab_daemon.h"

namespace vpcwall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LabRecord example() {
  LabRecord record;
  record.plan.name = "lab";
  record.plan.router_namespace = "vpcwall-lab-router";
  LabEndpoint internet;
  internet.name = "internet";
  internet.network_namespace = "vpcwall-lab-internet";
  internet.router_device = "vw0";
  internet.addresses = {*parse_prefix("203.0.113.12/32")};
  LabEndpoint web;
  web.name = "a-b";
  web.interface = "a \"b\": {c}";
  web.network_namespace = "vpcwall-lab-a-b";
  web.router_device = "vw1";
  web.addresses = {*parse_prefix("10.0.1.10/32"), *parse_prefix("2001:db8::10/128")};
  record.plan.endpoints = {internet, web};
  record.policy = "/etc/a policy.yaml";
  record.program = "/usr/sbin/vpcwalld";
  record.created = "2026-01-02T03:04:05Z";
  return record;
}

TEST(LabRecord, ReadsBackWhatItWrote) {
  const LabRecord written = example();
  const auto read = lab_record_from_json(nlohmann::json::parse(to_json(written).dump()));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(written));
}

TEST(LabRecord, IsNoRecordWhenAnythingIsMissingOrOfTheWrongKind) {
  const nlohmann::json whole = nlohmann::json::parse(to_json(example()).dump());
  for (const char* key : {"schema", "name", "created", "policy", "program", "router", "endpoints"}) {
    nlohmann::json without = whole;
    without.erase(key);
    EXPECT_FALSE(lab_record_from_json(without)) << key;
    nlohmann::json wrong = whole;
    wrong[key] = 7;
    EXPECT_FALSE(lab_record_from_json(wrong)) << key;
  }
  EXPECT_FALSE(lab_record_from_json(nlohmann::json::parse("{", nullptr, false)));
  EXPECT_FALSE(lab_record_from_json(nlohmann::json::array()));
}

TEST(LabDaemonSettings, NameEveryInterfaceWithItsDeviceAndQuoteWhatTheOperatorWrote) {
  LabDaemonSettings settings;
  settings.fail_mode = "open";
  settings.backend = "xt";
  const std::string text =
      daemon_settings_text(example().plan, "/etc/a policy.yaml", "/run/x/control.sock", settings);
  EXPECT_THAT(
      text,
      HasSubstr("version: 1\npolicy: \"/etc/a policy.yaml\"\nmode: router\nbackend: xt\nfail_mode: open\n"));
  EXPECT_THAT(text, HasSubstr("devices:\n  \"a \\\"b\\\": {c}\": vw1\n"));
  EXPECT_THAT(text, HasSubstr("control: {socket: \"/run/x/control.sock\"}\n"));
}

class LabRoot : public testing::Test {
 public:
  LabRoot(const LabRoot&) = delete;
  LabRoot& operator=(const LabRoot&) = delete;
  ~LabRoot() override {
    ::unsetenv("VPCWALL_LAB_DIR");
    std::filesystem::remove_all(root_);
  }

 protected:
  LabRoot() {
    char pattern[] = "/tmp/vpcwall-lab-record-XXXXXX";
    root_ = ::mkdtemp(pattern);
    ::setenv("VPCWALL_LAB_DIR", root_.c_str(), 1);
  }
  static void make_lab(const std::string& name) {
    std::filesystem::create_directory(lab_paths(name).directory);
    LabRecord record = example();
    record.plan.name = name;
    write_record(record);
  }
  std::string root_;
};

TEST_F(LabRoot, KeepsOneDirectoryPerLab) {
  make_lab("two");
  make_lab("one");
  write_whole_file(root_ + "/a-file", "no lab");
  EXPECT_THAT(recorded_labs(), ElementsAre("one", "two"));
  ASSERT_TRUE(read_record("two"));
  EXPECT_EQ(read_record("two")->plan.name, "two");
  EXPECT_FALSE(read_record("three"));
}

TEST_F(LabRoot, HoldsARecordThatDoesNotReadBackForNone) {
  make_lab("one");
  write_whole_file(lab_paths("one").record, "{\"schema\": ");
  EXPECT_FALSE(read_record("one"));
  EXPECT_THAT(recorded_labs(), ElementsAre("one"));  // and yet it can be taken down
}

TEST_F(LabRoot, ReadsOnlyAPidFileThatNamesAProcess) {
  make_lab("one");
  const std::string path = lab_paths("one").pid_file;
  EXPECT_FALSE(read_pid_file(path));
  write_whole_file(path, "4711 12\n");
  EXPECT_EQ(read_pid_file(path), (ProcessIdentity{4711, 12}));
  write_whole_file(path, "garbage");
  EXPECT_FALSE(read_pid_file(path));
}

}  // namespace
}  // namespace vpcwall
