#include "support/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "daemon/hooks/program.h"

namespace vpcwall::test {
namespace {

FileDescriptor current_namespace() {
  FileDescriptor descriptor{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!descriptor) throw std::system_error(errno, std::system_category(), "own network namespace");
  return descriptor;
}

void enter(const FileDescriptor& place) {
  if (setns(place.get(), CLONE_NEWNET) != 0) throw std::system_error(errno, std::system_category(), "setns");
}

void write_setting(const std::string& name, std::string_view value) {
  std::ofstream file("/proc/sys/net/" + name);
  file << value;
  file.close();
  if (!file) throw std::runtime_error("cannot set " + name);
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
  const FileDescriptor before = current_namespace();
  if (unshare(CLONE_NEWNET) != 0) {
    throw std::system_error(errno, std::system_category(), "a network namespace (the test needs root)");
  }
  descriptor_ = current_namespace();
  write_setting("ipv6/conf/all/accept_dad", "0");
  write_setting("ipv6/conf/default/accept_dad", "0");
  enter(before);
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor_.get());
}

Inside::Inside(const NetworkNamespace& place) : before_(current_namespace()) {
  if (setns(place.descriptor(), CLONE_NEWNET) != 0) {
    throw std::system_error(errno, std::system_category(), "setns");
  }
}

Inside::~Inside() { (void)setns(before_.get(), CLONE_NEWNET); }

std::string run_in(const NetworkNamespace& place, const std::vector<std::string>& arguments,
                   std::string_view input) {
  const Inside inside(place);
  const ProgramResult result = run_program(arguments, input);
  if (result.status != 0) throw std::runtime_error(arguments.front() + ": " + result.errors);
  return result.output;
}

RoutedPair::RoutedPair() {
  run_in(router, {"ip", "-batch", "-"},
         "link add client_side type veth peer name uplink netns " + client.path() +
             "\n"
             "link add server_side type veth peer name uplink netns " +
             server.path() +
             "\n"
             "address add 10.9.1.254/24 dev client_side\n"
             "address add fd09:1::fe/64 dev client_side nodad\n"
             "address add 10.9.2.254/24 dev server_side\n"
             "address add fd09:2::fe/64 dev server_side nodad\n"
             "link set lo up\n"
             "link set client_side up\n"
             "link set server_side up\n");
  const auto configure_end = [](const NetworkNamespace& end, const std::string& number) {
    run_in(end, {"ip", "-batch", "-"},
           "address add 10.9." + number + ".1/24 dev uplink\naddress add fd09:" + number +
               "::1/64 dev uplink nodad\nlink set lo up\nlink set uplink up\nroute add default via 10.9." +
               number + ".254\nroute add default via fd09:" + number + "::fe\n");
  };
  configure_end(client, "1");
  configure_end(server, "2");
  const Inside inside(router);
  write_setting("ipv4/ip_forward", "1");
  write_setting("ipv6/conf/all/forwarding", "1");
}

}  // namespace vpcwall::test
