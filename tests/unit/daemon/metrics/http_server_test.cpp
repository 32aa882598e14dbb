#include "daemon/metrics/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <stdexcept>
#include <thread>
#include <vector>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t much = std::size_t{8} << 20U;  // more than the buffers of a connection hold

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// A port that nobody has at the moment.
std::uint16_t free_port() {
  const FileDescriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);    // NOLINT
  EXPECT_EQ(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);  // NOLINT
  return ntohs(address.sin_port);
}

class Http : public ::testing::Test {
 protected:
  Http()
      : port_(free_port()),
        server_(address(),
                {{"/word",
                  [this] {
                    return HttpAnswer{200, "text/word", std::to_string(++asked_)};
                  }},
                 {"/much",
                  [] {
                    return HttpAnswer{200, "text/much", std::string(much, 'x')};
                  }},
                 {"/fails", []() -> HttpAnswer { throw std::runtime_error("secret"); }}},
                {"a"}) {}

  [[nodiscard]] ListenAddress address() const { return {*parse_address("127.0.0.1"), port_}; }

  [[nodiscard]] FileDescriptor connect() const {
    FileDescriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = loopback(port_);
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);  // NOLINT
    return peer;
  }
  static void say(const FileDescriptor& peer, const std::string& text) {
    EXPECT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  // What the daemon's loop does, once: it waits as long as the server allows it to. False when nothing came.
  bool turn(int most = 10) {
    pollfd ready{server_.event_fd(), POLLIN, 0};
    const int patience = server_.patience(most);
    const bool came = ::poll(&ready, 1, patience) > 0 || patience == 0;
    server_.handle_events(now_);
    return came;
  }
  // All that the server says, until it closes; turns only while nothing is there to be read.
  std::string hear(const FileDescriptor& peer) {
    std::string text;
    std::array<char, 65536> block{};
    for (int turns = 0; turns < 1000;) {
      const ssize_t size = ::recv(peer.get(), block.data(), block.size(), MSG_DONTWAIT);
      if (size == 0 || (size < 0 && errno != EAGAIN)) return text;
      if (size > 0) {
        text.append(block.data(), static_cast<std::size_t>(size));
      } else {
        turn();
        ++turns;
      }
    }
    ADD_FAILURE() << "the server neither says anything nor closes";
    return text;
  }
  std::string ask(const std::string& request) {
    const FileDescriptor peer = connect();
    say(peer, request);
    return hear(peer);
  }

  int asked_ = 0;
  TimePoint now_{std::chrono::hours(1)};
  std::uint16_t port_;
  HttpServer server_;
};

TEST_F(Http, AnswersGetAndHead) {
  const std::string answer = ask("GET /word HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/word\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n1")) << answer;
  EXPECT_TRUE(ask("GET /word?a=b HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n2"));
  const std::string head = ask("HEAD /word HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(Http, AnswersOneRequestPerConnection) {
  const std::string once = "GET /word HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string answer = ask(once + once);
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_EQ(asked_, 1);
}

TEST_F(Http, RefusesEverythingElse) {
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /word/ HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("there is /fails /much /word\n"));
  const std::string other = ask("DELETE /word HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(other, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(other, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(ask("POST /word HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 ")) << "no host";
  EXPECT_EQ(asked_, 0);
}

TEST_F(Http, SurvivesGarbage) {
  for (const std::string& garbage :
       {std::string("\r\n\r\n\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01", 6) + "\n\n", std::string(1000, '\0') + "\r\n\r\n",
        std::string("GET /word HTTP/9.9\r\n\r\n")}) {
    const FileDescriptor peer = connect();
    say(peer, garbage);
    turn();
    now_ += HttpServer::longest_header + std::chrono::seconds(1);  // for what may yet become a request
    (void)hear(peer);
  }
  EXPECT_TRUE(ask("GET /word HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200")) << "whatever others said";
}

TEST_F(Http, BoundsARequest) {
  const std::string answer = ask(
      "GET /word HTTP/1.1\r\nHost: a\r\nX: " + std::string(HttpServer::max_request_bytes, 'x') + "\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(asked_, 0);
}

TEST_F(Http, SaysNothingOfWhatWentWrongInside) {
  const std::string answer = ask("GET /fails HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST_F(Http, IsNotHeldUpByOneWhoReadsSlowly) {
  const FileDescriptor slow = connect();
  say(slow, "GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  const std::string all = hear(slow);
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, much);
}

TEST_F(Http, EndsAConnectionThatLastsTooLong) {
  const FileDescriptor silent = connect();
  const FileDescriptor deaf = connect();
  say(deaf, "GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LE(server_.patience(5000), 1000) << "somebody has to look how long they last";
  say(silent, "GET /wo");
  now_ += HttpServer::longest_header + std::chrono::seconds(1);
  EXPECT_EQ(hear(silent), "");
  turn();
  EXPECT_LE(server_.patience(5000), 1000) << "the answer still has time to be read";
  now_ += HttpServer::longest_answer - HttpServer::longest_header;
  EXPECT_LT(hear(deaf).size(), much);
  turn();  // somebody may have waited for room
  EXPECT_EQ(server_.patience(5000), 5000) << "nobody is left";
}

TEST_F(Http, GivesAHeaderThatComesInPiecesNoMoreTimeThanOneThatDoesNot) {
  const FileDescriptor slow = connect();
  const std::string request = "GET /word HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  for (const char letter : request.substr(0, request.size() - 4)) {
    say(slow, std::string(1, letter));
    turn();
    now_ += std::chrono::milliseconds(200);
  }
  EXPECT_EQ(hear(slow), "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(Http, AnswersOnlyForItsOwnNames) {
  for (const std::string host :
       {"a", "A:9465", "localhost", "localhost:1", "127.0.0.1", "127.0.0.1:9465", "[::1]:1"})
    EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), StartsWith("HTTP/1.1 200 ")) << host;
  const int before = asked_;
  for (const std::string host :
       {"evil.example", "evil.example:9465", "203.0.113.9", "a.evil.example", "<script>"}) {
    const std::string answer = ask("GET /word HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 421 ")) << host;
    EXPECT_THAT(answer, HasSubstr("add its name to http.hosts in daemon.yaml"));
  }
  EXPECT_EQ(asked_, before);
  EXPECT_THAT(ask("GET /word HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 ")) << "no browser";
}

TEST_F(Http, TakesNoMoreConnectionsFromOneAddressThanItMay) {
  std::deque<FileDescriptor> silent;
  for (unsigned i = 0; i < HttpServer::max_per_address; ++i) {
    silent.push_back(connect());
    turn();
  }
  const FileDescriptor early = connect();
  EXPECT_EQ(hear(early), "") << "they may yet say something";
  now_ += std::chrono::seconds(2);
  EXPECT_THAT(ask("GET /word HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(hear(silent.front()), "") << "the one that has been silent longest";
  say(silent.back(), "GET /word HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(hear(silent.back()), StartsWith("HTTP/1.1 200 ")) << "the others go on";
}

// The thread that calls handle_events() has other things to do, however many come again as soon as they are
// answered.
TEST_F(Http, ComesBackAmongManyWhoComeAndGo) {
  constexpr int clients = 8, answers_each = 40;
  std::atomic<int> busy{clients};
  std::vector<std::jthread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&] {
      for (int answer = 0; answer < answers_each; ++answer) {
        const FileDescriptor peer = connect();
        say(peer, "GET /word HTTP/1.1\r\nHost: a\r\n\r\n");
        std::array<char, 4096> block{};
        while (::recv(peer.get(), block.data(), block.size(), 0) > 0) continue;
      }
      --busy;
    });
  int most_in_one_turn = 0;
  while (busy != 0) {
    const int before = asked_;
    turn();
    most_in_one_turn = std::max(most_in_one_turn, asked_ - before);
  }
  EXPECT_EQ(asked_, clients * answers_each);
  EXPECT_LE(most_in_one_turn, static_cast<int>(HttpServer::max_connections));
}

FileDescriptor listener_at(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in at = loopback(port);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);  // NOLINT
  EXPECT_EQ(::listen(socket.get(), 1), 0);
  return socket;
}

TEST_F(Http, TakesTheServiceManagersSocketWhereTheSettingsNameItsAddress) {
  const ListenAddress there{*parse_address("127.0.0.1"), free_port()};
  EXPECT_NE(open_http({.listen = there, .required = true}, {}, listener_at(there.port)), nullptr);
  // Elsewhere it binds one of its own, and where that fails it says who may be meant to.
  try {
    (void)open_http({.listen = address(), .required = true}, {}, listener_at(there.port));
    FAIL() << "two listen at one port";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("under systemd it is vpcwalld-http.socket that listens"));
  }
}

TEST_F(Http, SaysThatAnotherProgramListensThere) {
  try {
    const HttpServer second(address(), {});
    FAIL() << "two listen at one port";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("http 127.0.0.1:" + std::to_string(port_) +
                                        ": another program listens there; choose another address"));
  }
  EXPECT_EQ(open_http({.listen = address(), .required = false}, {}), nullptr) << "nobody insists";
  EXPECT_THROW((void)open_http({.listen = address(), .required = true}, {}), std::runtime_error);
  EXPECT_EQ(open_http({.listen = std::nullopt, .required = false}, {}), nullptr);
}

TEST_F(Http, ListensWhereAnAddressIsYetToCome) {
  EXPECT_NO_THROW(const HttpServer early({*parse_address("192.0.2.1"), port_}, {}));
  EXPECT_NO_THROW(const HttpServer early({*parse_address("2001:db8::1"), port_}, {}));
}

}  // namespace
}  // namespace vpcwall
