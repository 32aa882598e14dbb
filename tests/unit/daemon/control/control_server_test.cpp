#include "daemon/control/control_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

namespace vpcwall {
namespace {

// What the stream of a connection was asked for, and what it is to answer.
struct Script {
  std::string line = "line\n";
  std::size_t lines_each_time = 1;
  int ends_after = -1;  // calls; -1: when the peer has heard enough
  int calls = 0;
  bool heard_enough = false;
};

class ControlStreams : public ::testing::Test {
 protected:
  ControlStreams() {
    std::array<char, 64> name{"/tmp/vpcwall-control-XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    server_ = std::make_unique<ControlServer>(
        folder_ + "/socket", Access({}),
        [this](const Request& request, const ControlPeer& peer) -> ControlAnswer {
          if (request.verb == "apply") return {{{"file", content_of(peer.attached)}}, {}};
          if (request.verb != "observe") return {{{"answer", request.verb}}, {}};
          const auto alive = std::make_shared<int>(0);
          alive_ = alive;
          return {{{"event", "begin"}}, [this, alive](std::string& lines, std::size_t room, bool ending) {
                    return more(lines, room, ending);
                  }};
        });
  }
  ~ControlStreams() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  bool more(std::string& lines, std::size_t room, bool ending) {
    ++script_.calls;
    script_.heard_enough = ending;
    const std::size_t limit = lines.size() + room;
    for (std::size_t i = 0; i < script_.lines_each_time && lines.size() < limit; ++i) lines += script_.line;
    return script_.ends_after < 0 ? !ending : script_.calls < script_.ends_after;
  }

  FileDescriptor connect() {
    FileDescriptor peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder_ + "/socket").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);  // NOLINT
    return peer;
  }
  static void say(const FileDescriptor& peer, std::string_view text) {
    EXPECT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  static std::string content_of(int file) {
    std::array<char, 64> block{};
    const ssize_t size = file < 0 ? 0 : ::pread(file, block.data(), block.size(), 0);
    return {block.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }
  // In one message, with an open file of that content.
  static void say_with_file(const FileDescriptor& peer, std::string text, std::string_view content) {
    const FileDescriptor file(::memfd_create("file", MFD_CLOEXEC));
    EXPECT_EQ(::write(file.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    const int number = file.get();
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof number)> control{};
    iovec vector{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof number);
    std::memcpy(CMSG_DATA(part), &number, sizeof number);
    EXPECT_EQ(::sendmsg(peer.get(), &message, 0), static_cast<ssize_t>(text.size()));
  }
  // Everything that has arrived; `ended` when nothing more will.
  std::string hear(const FileDescriptor& peer) {
    std::string heard;
    std::array<char, 65536> block{};
    for (;;) {
      const ssize_t size = ::recv(peer.get(), block.data(), block.size(), 0);
      ended_ = size == 0;
      if (size <= 0) return heard;
      heard.append(block.data(), static_cast<std::size_t>(size));
    }
  }
  void serve() {  // until nobody says anything
    pollfd event{server_->event_fd(), POLLIN, 0};
    for (int i = 0; i < 100 && ::poll(&event, 1, 0) > 0; ++i) server_->handle_events(now_);
  }
  void advance(int times = 1) {
    for (int i = 0; i < times; ++i) {
      now_ += ControlServer::stream_pause;
      server_->advance_streams(now_);
    }
  }

  std::string folder_;
  Script script_;
  std::weak_ptr<int> alive_;
  std::unique_ptr<ControlServer> server_;
  TimePoint now_{std::chrono::hours(1)};
  bool ended_ = false;
};

constexpr std::string_view observe = "{\"verb\": \"observe\"}\n";

TEST_F(ControlStreams, GoOnBehindTheFirstLineUntilTheyEnd) {
  script_.ends_after = 3;
  const FileDescriptor peer = connect();
  EXPECT_FALSE(server_->has_streams());
  say(peer, observe);
  serve();
  EXPECT_TRUE(server_->has_streams());
  EXPECT_EQ(hear(peer), "{\"event\":\"begin\"}\n");
  server_->advance_streams(now_ + ControlServer::stream_pause);
  server_->advance_streams(now_ + ControlServer::stream_pause);
  EXPECT_EQ(hear(peer), "line\n") << "not before its time";
  now_ += ControlServer::stream_pause;
  advance(2);
  EXPECT_EQ(hear(peer), "line\nline\n");
  EXPECT_TRUE(ended_);
  EXPECT_FALSE(server_->has_streams());
  EXPECT_TRUE(alive_.expired());
}

TEST_F(ControlStreams, EndWhenThePeerHasHeardEnough) {
  const FileDescriptor peer = connect();
  say(peer, observe);
  serve();
  advance();
  say(peer, "{\"verb\": \"status\"}\n");  // ignored
  serve();
  advance();
  EXPECT_FALSE(script_.heard_enough);
  ::shutdown(peer.get(), SHUT_WR);
  serve();
  EXPECT_FALSE(alive_.expired()) << "what is left is still to be told";
  advance();
  EXPECT_TRUE(script_.heard_enough);
  EXPECT_EQ(hear(peer), "{\"event\":\"begin\"}\nline\nline\nline\n");
  EXPECT_TRUE(ended_);
  EXPECT_TRUE(alive_.expired());
}

TEST_F(ControlStreams, EndAtOnceForAPeerThatSaysGoodbyeWithItsRequest) {
  const FileDescriptor peer = connect();
  say(peer, observe);
  ::shutdown(peer.get(), SHUT_WR);
  serve();
  advance();
  EXPECT_EQ(hear(peer), "{\"event\":\"begin\"}\nline\n");
  EXPECT_TRUE(ended_);
}

TEST_F(ControlStreams, EndWithAPeerThatIsGone) {
  auto peer = std::make_unique<FileDescriptor>(connect());
  say(*peer, observe);
  serve();
  advance();
  peer.reset();
  serve();
  EXPECT_TRUE(alive_.expired());
  EXPECT_FALSE(server_->has_streams());
}

TEST_F(ControlStreams, FetchNothingForAPeerThatDoesNotReadAndNothingIsLost) {
  script_.line = std::string(999, 'x') + '\n';
  script_.lines_each_time = 100'000;
  const FileDescriptor peer = connect();
  say(peer, observe);
  serve();
  advance(20);
  const int calls = script_.calls;
  advance(20);
  EXPECT_EQ(script_.calls, calls) << "there is room for nothing more";
  script_.lines_each_time = 0;
  std::string heard;
  for (std::string some; !(some = hear(peer)).empty(); serve()) heard += some;
  EXPECT_GE(heard.size(), ControlServer::max_stream_bytes);
  EXPECT_LT(heard.size(), 4 * ControlServer::max_stream_bytes);
  EXPECT_EQ((heard.size() - std::string_view("{\"event\":\"begin\"}\n").size()) % 1000, 0U) << "whole lines";
  advance();
  EXPECT_EQ(script_.calls, calls + 1) << "and it goes on";
}

TEST_F(ControlStreams, MayBeSilentWhereOthersMayNot) {
  const FileDescriptor listener = connect(), silent = connect();
  say(listener, observe);
  serve();
  hear(listener);
  server_->drop_silent(now_ + 2 * ControlServer::longest_silence);
  EXPECT_FALSE(alive_.expired());
  hear(silent);
  EXPECT_TRUE(ended_);
}

// Whatever was sent before anybody looked.
TEST_F(ControlStreams, GiveEachRequestTheFileThatCameWithIt) {
  const FileDescriptor peer = connect();
  const std::string apply = "{\"verb\": \"apply\"}\n", status = "{\"verb\": \"status\"}\n";
  say(peer, status);
  say_with_file(peer, apply, "A");
  say(peer, apply);
  say_with_file(peer, status + apply, "B");
  say_with_file(peer, apply.substr(0, 5), "C");
  say(peer, apply.substr(5) + status);
  serve();
  EXPECT_EQ(hear(peer),
            "{\"answer\":\"status\"}\n{\"file\":\"A\"}\n{\"file\":\"\"}\n{\"answer\":\"status\"}\n{\"file\":"
            "\"B\"}\n"
            "{\"file\":\"C\"}\n{\"answer\":\"status\"}\n");
}

TEST_F(ControlStreams, DoNotKeepOthersFromTheirAnswers) {
  const FileDescriptor listener = connect(), other = connect();
  say(listener, observe);
  say(other, "{\"verb\": \"status\"}\n{\"verb\": \"rules\"}\n");
  serve();
  advance();
  EXPECT_EQ(hear(other), "{\"answer\":\"status\"}\n{\"answer\":\"rules\"}\n");
  EXPECT_EQ(hear(listener), "{\"event\":\"begin\"}\nline\n");
}

}  // namespace
}  // namespace vpcwall
