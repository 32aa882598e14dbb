#include "daemon/metrics/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "daemon/file_descriptor.h"
#include "daemon/metrics/host_name.h"
#include "policy/reporter.h"

namespace vpcwall {
namespace {

constexpr int milliseconds_between_looks = 1000;  // while there are connections that may last too long
constexpr Duration long_enough_to_speak = std::chrono::seconds(1);

[[noreturn]] void fail(const ListenAddress& listen, const std::string& why) {
  throw std::runtime_error("http " + to_string(listen) + ": " + why +
                           "; choose another address in daemon.yaml, or none: http: {listen: off}");
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);  // NOLINT: what the socket calls take
  }
};

SocketAddress socket_address(const ListenAddress& listen) {
  SocketAddress result;
  const std::string text = to_string(listen.address);
  if (listen.address.family == Family::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listen.port);
    ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(listen.port);
    ::inet_pton(AF_INET6, text.c_str(), &address.sin6_addr);
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
  }
  return result;
}

bool listens_on(int socket, const ListenAddress& listen) {
  const SocketAddress wanted = socket_address(listen);
  SocketAddress found;
  found.size = sizeof found.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&found.storage), &found.size) != 0)
    return false;  // NOLINT
  return found.size == wanted.size && std::memcmp(&found.storage, &wanted.storage, wanted.size) == 0;
}

FileDescriptor listening_socket(const ListenAddress& listen) {
  const SocketAddress address = socket_address(listen);
  const bool is_ipv4 = address.get()->sa_family == AF_INET;
  FileDescriptor socket(
      ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (socket.get() < 0) fail(listen, std::strerror(errno));
  constexpr int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int bound = ::bind(socket.get(), address.get(), address.size);
  if (bound != 0 && errno == EADDRNOTAVAIL) {
    // The daemon starts before the network does.
    ::setsockopt(socket.get(), is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6, is_ipv4 ? IP_FREEBIND : IPV6_FREEBIND,
                 &on, sizeof on);
    bound = ::bind(socket.get(), address.get(), address.size);
    if (bound == 0)
      spdlog::warn("http {}: no address of this host yet; it will be answered on once it is",
                   to_string(listen));
  }
  // Two may bind the same port with SO_REUSEADDR, but only one listens there.
  if (bound != 0 || ::listen(socket.get(), HttpServer::max_connections) != 0)
    fail(listen, errno == EADDRINUSE ? "another program listens there" : std::strerror(errno));
  return socket;
}

void log_line(void* /*nobody*/, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  (void)std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  spdlog::debug("http: {}", text);
}

MHD_Result send(MHD_Connection* connection, HttpAnswer answer) {
  MHD_Response* response =
      MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED)
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  const MHD_Result result = MHD_queue_response(connection, answer.status, response);
  MHD_destroy_response(response);
  return result;
}

bool has_body(MHD_Connection* connection) {
  const char* length =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return (length != nullptr && std::string_view(length) != "0") ||
         MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) !=
             nullptr;
}

// Of a socket's address; nothing when it is of another family.
std::optional<IpAddress> address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in plain{};
    std::memcpy(&plain, address, sizeof plain);
    return IpAddress::from_ipv4_bytes(std::as_bytes(std::span<const in_addr, 1>(&plain.sin_addr, 1)));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 plain{};
  std::memcpy(&plain, address, sizeof plain);
  return unmapped(
      IpAddress::from_ipv6_bytes(std::as_bytes(std::span<const in6_addr, 1>(&plain.sin6_addr, 1))));
}

// What one peer can have many of, as one.
IpAddress counted(IpAddress address) noexcept {
  constexpr std::uint64_t loopback = 127;
  if (address.family == Family::ipv6)
    address.low = 0;
  else if (address.high >> 56U == loopback)
    address.high = loopback << 56U;
  return address;
}

// Where it arrived.
std::optional<IpAddress> local_address_of(int socket) {
  SocketAddress own;
  own.size = sizeof own.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own.storage), &own.size) != 0)  // NOLINT
    return std::nullopt;
  return address_of(own.get());
}

HttpAnswer plain(unsigned status, std::string sentence) {
  return {status, "text/plain; charset=utf-8", std::move(sentence) + '\n'};
}

HttpAnswer answer_to(const HttpRoutes& routes, std::string_view method, std::string_view path, bool body) {
  const auto route = routes.find(path);
  if (route == routes.end()) {
    std::string all;
    for (const auto& one : routes) all += ' ' + one.first;
    return plain(MHD_HTTP_NOT_FOUND, "nothing here; there is" + all);
  }
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD)
    return plain(MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
  if (body) return plain(MHD_HTTP_BAD_REQUEST, "a request with a body; none is read here");
  try {
    return route->second();
  } catch (const std::exception& error) {
    spdlog::error("http {}: {}", path, error.what());
    return plain(MHD_HTTP_INTERNAL_SERVER_ERROR, "this could not be answered; the log says why");
  }
}

}  // namespace

struct HttpServer::Callbacks {
  // Called when the header is complete; answering at once, nothing else of the request is ever read.
  static MHD_Result request(void* server, MHD_Connection* connection, const char* path, const char* method,
                            const char* /*version*/, const char* /*body*/, std::size_t* /*size*/,
                            void** /*state*/) {
    HttpServer& self = *static_cast<HttpServer*>(server);
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return MHD_NO;
    Connection& known = self.connections_[info->connect_fd];
    known.answered = true;
    known.since = self.now_;
    const char* host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (auto refusal = self.refusal_of(host, info->connect_fd)) return send(connection, std::move(*refusal));
    return send(connection, answer_to(self.routes_, method, path, has_body(connection)));
  }

  static MHD_Result accept(void* server, const sockaddr* address, socklen_t /*size*/) {
    const auto from = address_of(address);
    return from && static_cast<HttpServer*>(server)->admit(counted(*from)) ? MHD_YES : MHD_NO;
  }

  static void notify(void* self, MHD_Connection* connection, void** /*context*/,
                     MHD_ConnectionNotificationCode what) {
    HttpServer& server = *static_cast<HttpServer*>(self);
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      const MHD_ConnectionInfo* peer =
          MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
      const auto from = peer == nullptr ? std::nullopt : address_of(peer->client_addr);
      server.connections_[info->connect_fd] = {counted(from.value_or(IpAddress{})), server.now_};
    } else {
      server.connections_.erase(info->connect_fd);
      server.room_again_ = true;
    }
  }
};

void HttpServer::StopDaemon::operator()(MHD_Daemon* daemon) const noexcept { MHD_stop_daemon(daemon); }

bool HttpServer::admit(const IpAddress& from) {
  unsigned held = 0;
  auto silent = connections_.end();
  for (auto one = connections_.begin(); one != connections_.end(); ++one) {
    if (one->second.from != from || one->second.ending) continue;
    ++held;
    const bool older = silent == connections_.end() || one->second.since < silent->second.since;
    if (!one->second.answered && older) silent = one;
  }
  if (held < max_per_address) return true;
  if (silent == connections_.end() || now_ - silent->second.since < long_enough_to_speak) return false;
  silent->second.ending = true;
  ::shutdown(silent->first, SHUT_RDWR);
  return true;
}

// Without a Host there was no browser: those of HTTP/1.1 must have one, which the library sees to.
std::optional<HttpAnswer> HttpServer::refusal_of(const char* host, int connection) const {
  if (host == nullptr) return std::nullopt;
  const auto named = host_of_header(host);
  if (named && is_this_host(*named, local_address_of(connection), hosts_)) return std::nullopt;
  return plain(MHD_HTTP_MISDIRECTED_REQUEST, "this is not the host " + quoted(host) +
                                                 "; if it is, add its name to http.hosts in daemon.yaml");
}

HttpServer::HttpServer(const ListenAddress& listen, HttpRoutes routes, std::vector<std::string> hosts,
                       FileDescriptor given)
    : routes_(std::move(routes)), hosts_(std::move(hosts)) {
  FileDescriptor socket = given ? std::move(given) : listening_socket(listen);
  daemon_.reset(MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, Callbacks::accept, this,
                                 Callbacks::request, this, MHD_OPTION_EXTERNAL_LOGGER, log_line, nullptr,
                                 MHD_OPTION_LISTEN_SOCKET, socket.get(), MHD_OPTION_CONNECTION_LIMIT,
                                 max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, max_request_bytes,
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
                                 Callbacks::notify, this, MHD_OPTION_END));
  if (!daemon_) fail(listen, "the server cannot be started");
  (void)socket.release();  // the library closes it
  const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr) fail(listen, "the server cannot be watched");
  event_fd_ = info->epoll_fd;
}

HttpServer::~HttpServer() = default;

int HttpServer::patience(int most) const noexcept {
  unsigned long long wanted = 0;  // NOLINT: the library's type
  if (room_again_) return 0;      // who waited for room is let in
  if (MHD_get_timeout(daemon_.get(), &wanted) == MHD_YES && wanted < static_cast<unsigned>(most))
    return static_cast<int>(wanted);
  return connections_.empty() ? most : std::min(most, milliseconds_between_looks);
}

void HttpServer::handle_events(TimePoint now) {
  now_ = now;
  for (auto& [descriptor, one] : connections_)
    if (now - one.since > (one.answered ? longest_answer : longest_header)) {
      one.ending = true;
      ::shutdown(descriptor, SHUT_RDWR);
    }
  // Once: among many who come and go there is always one more, and others wait for this thread.
  room_again_ = false;
  if (MHD_run(daemon_.get()) != MHD_YES) throw std::runtime_error("http: the server has failed");
}

std::unique_ptr<HttpServer> open_http(const Settings::Http& settings, HttpRoutes routes,
                                      FileDescriptor given) {
  if (!settings.listen) {
    if (given)
      spdlog::warn("no metrics, as http.listen says; but the service manager listens for them: {}",
                   "systemctl mask --now vpcwalld-http.socket");
    return nullptr;
  }
  const bool elsewhere = settings.required && given && !listens_on(given.get(), *settings.listen);
  if (elsewhere) given = FileDescriptor();  // the address is a written one
  const bool is_given = static_cast<bool>(given);
  try {
    auto server =
        std::make_unique<HttpServer>(*settings.listen, std::move(routes), settings.hosts, std::move(given));
    spdlog::info("http {}: metrics at /metrics",
                 is_given ? "on the service manager's socket" : to_string(*settings.listen));
    return server;
  } catch (const std::runtime_error& error) {
    if (elsewhere)
      throw std::runtime_error(
          std::string(error.what()) +
          "; under systemd it is vpcwalld-http.socket that listens, see vpcwall-metrics(7)");
    if (settings.required) throw;
    spdlog::warn("no metrics: {}", error.what());
    return nullptr;
  }
}

}  // namespace vpcwall
