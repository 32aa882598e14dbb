#include "daemon/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace vpcwall {
namespace {

std::string all_of(const LoadedSettings& loaded) {
  std::string text;
  for (const Diagnostic& diagnostic : loaded.diagnostics) text += to_string(diagnostic) + "\n";
  return text;
}

TEST(SettingsTest, HasSoundDefaults) {
  const LoadedSettings loaded = load_settings("version: 1\n", "daemon.yaml");
  ASSERT_TRUE(loaded.settings.has_value()) << all_of(loaded);
  EXPECT_EQ(*loaded.settings, Settings{});
  EXPECT_EQ(loaded.settings->fail_mode, FailMode::closed);
  EXPECT_TRUE(loaded.diagnostics.empty());
}

TEST(SettingsTest, TheInstalledFileSaysTheDefaults) {
  std::ifstream file("config/daemon.yaml");
  std::stringstream text;
  text << file.rdbuf();
  const LoadedSettings loaded = load_settings(text.str(), "config/daemon.yaml");
  ASSERT_TRUE(loaded.settings.has_value()) << all_of(loaded);
  EXPECT_EQ(*loaded.settings, Settings{});
  EXPECT_TRUE(loaded.diagnostics.empty()) << all_of(loaded);
}

TEST(SettingsTest, ReadsEveryKey) {
  const LoadedSettings loaded = load_settings(R"(
version: 1
policy: /srv/policy.yaml
mode: host
backend: xt
fail_mode: open
queues: {first: 10, count: 4, length: 1024, copy_bytes: 256, receive_buffer: 1048576}
devices: {web: eth0, eni-0a1b2c3d: eth1}
control:
  socket: /tmp/vpcwall.sock
  group: adm
  roles: {view: {users: [prometheus, 1001], groups: [ops]}, confirm: {groups: [oncall]}}
state: {directory: /srv/state, policies: 5, snapshot_seconds: 7}
http: {listen: "[::1]:9100", hosts: [router.example.org, "2001:db8::7"]}
metrics: {most_rules: 50}
log: {level: debug}
flows: {capacity_per_worker: 4096}
management_bypass: [{protocol: tcp, port: 22}, {protocol: udp, port: 51820}]
remove_hooks_at_stop: false
)",
                                              "daemon.yaml");
  ASSERT_TRUE(loaded.settings.has_value()) << all_of(loaded);
  Settings expected;
  expected.policy = "/srv/policy.yaml";
  expected.mode = HookMode::host;
  expected.backend = HookBackend::xt;
  expected.fail_mode = FailMode::open;
  expected.queues = {.first = 10, .count = 4, .length = 1024, .copy_bytes = 256, .receive_buffer = 1'048'576};
  expected.devices = {{"web", "eth0"}, {"eni-0a1b2c3d", "eth1"}};
  expected.control = {.socket = "/tmp/vpcwall.sock", .group = "adm"};
  expected.control.roles[static_cast<std::size_t>(Role::view)] = {{"prometheus", "1001"}, {"ops"}};
  expected.control.roles[static_cast<std::size_t>(Role::confirm)] = {{}, {"oncall"}};
  expected.state = {.directory = "/srv/state", .policies = 5, .snapshot_seconds = 7};
  expected.http = {.listen = ListenAddress{*parse_address("::1"), 9100},
                   .required = true,
                   .hosts = {"router.example.org", "2001:db8::7"}};
  expected.most_rule_metrics = 50;
  expected.log_level = LogLevel::debug;
  expected.flows_per_worker = 4096;
  expected.management_bypass = {{Protocol::tcp, 22}, {Protocol::udp, 51'820}};
  expected.remove_hooks_at_stop = false;
  EXPECT_EQ(*loaded.settings, expected);
}

struct Mistake {
  std::string text;
  std::uint32_t line, column;
  std::string message;  // a part of it
};

TEST(SettingsTest, ReportsEachMistakeWithItsPlace) {
  const std::string host = "version: 1\nmode: host\ndevices: {web: eth0}\n";
  const std::vector<Mistake> mistakes{
      {"", 1, 1, "found"},
      {"[]", 1, 1, "found a list"},
      {"policy: a", 1, 1, "version"},
      {"version: 2", 1, 10, "2"},
      {"version: one", 1, 10, "one"},
      {"version: 1\nmodus: host", 2, 1, "modus"},
      {"version: 1\nmode: host", 2, 1, "without devices"},
      {"version: 1\nmode: bridge", 2, 7, "bridge"},
      {"version: 1\nmode: router\nmode: router", 3, 1, "mode"},
      {"version: 1\nbackend: iptables", 2, 10, "iptables"},
      {"version: 1\nfail_mode: true", 2, 12, "true"},
      {"version: 1\npolicy: \"\"", 2, 9, "empty policy file"},
      {"version: 1\npolicy: [a]", 2, 9, "a list"},
      {"version: 1\nqueues: 4", 2, 9, "4"},
      {"version: 1\nqueues: {number: 4}", 2, 10, "number"},
      {"version: 1\nqueues: {first: 65536}", 2, 17, "65536"},
      {"version: 1\nqueues: {first: -1}", 2, 17, "-1"},
      {"version: 1\nqueues: {count: 0}", 2, 17, "0"},
      {"version: 1\nqueues: {count: 65}", 2, 17, "65"},
      {"version: 1\nqueues: {count: all}", 2, 17, "all"},
      {"version: 1\nqueues: {count: [1]}", 2, 17, "a list"},
      {"version: 1\nqueues: {first: 65535, count: 2}", 2, 9, "65535"},
      {"version: 1\nqueues: {first: 65530}", 2, 9, "16 queues from number 65530"},
      {"version: 1\nqueues: {length: 1}", 2, 18, "1"},
      {"version: 1\nqueues: {copy_bytes: 40}", 2, 22, "40"},
      {"version: 1\nqueues: {receive_buffer: 16M}", 2, 26, "16M"},
      {"version: 1\ndevices: [eth0]", 2, 10, "a list"},
      {"version: 1\ndevices: {web: lo}", 2, 16, "lo"},
      {"version: 1\ndevices: {web: eth+}", 2, 16, "eth+"},
      {"version: 1\ndevices: {web: eth0, web: eth1}", 2, 22, "web"},
      {"version: 1\ndevices: {web: eth0, db: eth0}", 2, 26, "eth0"},
      {"version: 1\ndevices: {web: [eth0]}", 2, 16, "a list"},
      {"version: 1\ncontrol: {socket: run.sock}", 2, 19, "run.sock"},
      {"version: 1\ncontrol: {socket: /" + std::string(120, 'x') + "}", 2, 19, "121"},
      {"version: 1\ncontrol: {port: 1}", 2, 11, "port"},
      {"version: 1\ncontrol: {roles: {admin: {}}}", 2, 19, "admin"},
      {"version: 1\ncontrol: {roles: {view: [root]}}", 2, 25, "a list"},
      {"version: 1\ncontrol: {roles: {view: {users: root}}}", 2, 33, "users, a list"},
      {"version: 1\ncontrol: {roles: {view: {users: [\"\"]}}}", 2, 34, "the name or number"},
      {"version: 1\ncontrol: {roles: {view: {groups: [\"a\\u202eb\"]}}}", 2, 35, "a\\u202eb"},
      {"version: 1\nhttp: {hosts: [\"a:80\"]}", 2, 16, "without a port"},
      {"version: 1\nhttp: {hosts: [Router.example.]}", 2, 16, "write router.example"},
      {"version: 1\nhttp: 9465", 2, 7, "9465"},
      {"version: 1\nhttp: {port: 9465}", 2, 8, "port"},
      {"version: 1\nhttp: {listen: 9465}", 2, 16, "expected ADDRESS:PORT, auto or off"},
      {"version: 1\nhttp: {listen: localhost:9465}", 2, 16, "localhost:9465"},
      {"version: 1\nhttp: {listen: 127.0.0.1}", 2, 16, "127.0.0.1"},
      {"version: 1\nhttp: {listen: 127.0.0.1:0}", 2, 16, "127.0.0.1:0"},
      {"version: 1\nhttp: {listen: [::1]}", 2, 16, "a list"},
      {"version: 1\nmetrics: {most_rules: 100001}", 2, 23, "100001"},
      {"version: 1\nmetrics: {per_rule: true}", 2, 11, "per_rule"},
      {"version: 1\nlog: {level: loud}", 2, 14, "loud"},
      {"version: 1\nlog: debug", 2, 6, "debug"},
      {"version: 1\nflows: {capacity_per_worker: 10}", 2, 30, "10"},
      {"version: 1\nmanagement_bypass: {tcp: 22}", 2, 20, "a mapping"},
      {"version: 1\nmanagement_bypass: [22]", 2, 21, "22"},
      {"version: 1\nmanagement_bypass: [{port: 22}]", 2, 21, "protocol"},
      {"version: 1\nmanagement_bypass: [{protocol: icmp, port: 22}]", 2, 32, "icmp"},
      {"version: 1\nmanagement_bypass: [{protocol: tcp, port: 0}]", 2, 43, "0"},
      {"version: 1\nmanagement_bypass: [{protocol: tcp, port: ssh}]", 2, 43, "ssh"},
      {host + "management_bypass: [{protocol: tcp, port: 22}, {protocol: tcp, port: 22}]", 4, 48, "tcp 22"},
      {"version: 1\nmanagement_bypass: [{protocol: tcp, port: 22}]", 2, 1, "in router mode"},  // E-26
      {"version: 1\nremove_hooks_at_stop: no", 2, 23, "no"},
      {"version: 1\nqueues: {", 2, 0, ""},
  };
  for (const Mistake& mistake : mistakes) {
    const LoadedSettings loaded = load_settings(mistake.text, "daemon.yaml");
    EXPECT_FALSE(loaded.settings.has_value()) << mistake.text;
    ASSERT_FALSE(loaded.diagnostics.empty()) << mistake.text;
    const Diagnostic& first = loaded.diagnostics.front();
    EXPECT_EQ(first.file, "daemon.yaml");
    EXPECT_EQ(first.severity, Severity::error);
    if (mistake.column == 0) continue;  // a syntax error: the place is the YAML library's to choose
    EXPECT_EQ(first.at.line, mistake.line) << mistake.text << "\n" << all_of(loaded);
    EXPECT_EQ(first.at.column, mistake.column) << mistake.text << "\n" << all_of(loaded);
    EXPECT_NE(first.message.find(mistake.message), std::string::npos) << mistake.text << "\n"
                                                                      << all_of(loaded);
  }
}

TEST(SettingsTest, ListensOnLoopbackUnlessToldOtherwise) {
  const auto http = [](const std::string& word) {
    return load_settings("version: 1\nhttp: {listen: " + word + "}\n", "daemon.yaml").settings.value().http;
  };
  EXPECT_EQ(to_string(*Settings{}.http.listen), "127.0.0.1:9465");
  EXPECT_FALSE(Settings{}.http.required) << "a firewall starts also where that is taken";
  EXPECT_EQ(http("auto"), Settings{}.http);
  EXPECT_EQ(http("off"), (Settings::Http{.listen = std::nullopt, .required = false}));
  EXPECT_EQ(http("127.0.0.1:9465"), (Settings::Http{.listen = Settings{}.http.listen, .required = true}));
}

TEST(SettingsTest, ReportsAllMistakesOfAFileInItsOrder) {
  const LoadedSettings loaded = load_settings(
      "version: 1\nmode: bridge\nlog: {level: loud}\nqueues: {count: 0, length: 1}\n", "daemon.yaml");
  ASSERT_EQ(loaded.diagnostics.size(), 4U) << all_of(loaded);
  EXPECT_EQ(loaded.diagnostics[0].at.line, 2U);
  EXPECT_EQ(loaded.diagnostics[1].at.line, 3U);
  EXPECT_EQ(loaded.diagnostics[3].at.line, 4U);
}

TEST(SettingsTest, SuggestsTheNearestKey) {
  const LoadedSettings loaded = load_settings("version: 1\nfailmode: open\n", "daemon.yaml");
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_NE(loaded.diagnostics[0].hint.find("fail_mode"), std::string::npos) << all_of(loaded);
}

TEST(SettingsTest, OpensOneQueuePerCpuUnlessTold) {
  struct Row {
    std::optional<std::uint16_t> written;
    unsigned cpus;
    std::uint16_t expected, with_fast_path;
  };
  for (const Row& row :
       {Row{std::nullopt, 0, 1, 1}, Row{std::nullopt, 1, 1, 1}, Row{std::nullopt, 8, 8, 4},
        Row{std::nullopt, 3, 3, 2}, Row{std::nullopt, 128, 16, 16}, Row{3, 8, 3, 3}, Row{64, 2, 64, 64}}) {
    Settings settings;
    settings.queues.count = row.written;
    EXPECT_EQ(queue_count(settings, row.cpus, false), row.expected) << row.cpus;
    EXPECT_EQ(queue_count(settings, row.cpus, true), row.with_fast_path) << row.cpus;
  }
}

TEST(SettingsTest, NamesEveryFastPathMode) {
  for (const FastPathMode mode : {FastPathMode::automatic, FastPathMode::off, FastPathMode::required}) {
    const std::string text = "version: 1\nfast_path: " + std::string(to_string(mode)) + "\n";
    const LoadedSettings loaded = load_settings(text, "daemon.yaml");
    ASSERT_TRUE(loaded.settings) << all_of(loaded);
    EXPECT_EQ(loaded.settings->fast_path, mode);
  }
  EXPECT_EQ(Settings{}.fast_path, FastPathMode::automatic);
}

TEST(SettingsTest, NamesEveryLogLevel) {
  for (const LogLevel level : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug}) {
    const std::string text = "version: 1\nlog: {level: " + std::string(to_string(level)) + "}\n";
    const LoadedSettings loaded = load_settings(text, "daemon.yaml");
    ASSERT_TRUE(loaded.settings.has_value()) << all_of(loaded);
    EXPECT_EQ(loaded.settings->log_level, level);
  }
}

}  // namespace
}  // namespace vpcwall
