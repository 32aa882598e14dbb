// bench_traffic: the benchmark's load; see traffic.h. Meant for network namespaces of the benchmark only.
#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>

#include "bench/traffic/traffic.h"

int main(int argc, char** argv) {
  using namespace vpcwall::bench;
  CLI::App app("The load of the benchmark, for its own network namespaces");
  app.require_subcommand(1);
  Target target;
  unsigned flows = 8, threads = 1, at_once = 64, connections = 32;
  std::size_t bytes = 64;
  double rate = 0;
  std::string source;
  std::vector<std::string> sources;
  const auto verb = [&](const char* name, const char* what) {
    CLI::App* one = app.add_subcommand(name, what);
    one->add_option("--to", target.address);
    one->add_option("--port", target.port)->required();
    one->add_option("--ports", target.ports);
    one->add_option("--seconds", target.seconds);
    return one;
  };
  CLI::App* datagrams = verb("datagrams", "UDP as fast as it goes");
  datagrams->add_option("--flows", flows);
  datagrams->add_option("--bytes", bytes);
  datagrams->add_option("--threads", threads);
  CLI::App* echo = verb("echo", "Answers TCP and UDP until it is ended");
  CLI::App* connects = verb("connections", "Short TCP connections");
  connects->add_option("--at-once", at_once);
  connects->add_option("--source", sources);
  CLI::App* requests = verb("requests", "Requests and responses on standing TCP connections");
  requests->add_option("--connections", connections);
  requests->add_option("--bytes", bytes);
  CLI::App* flood = verb("flood", "SYNs from ports at random");
  flood->add_option("--source", source)->required();
  flood->add_option("--rate", rate);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    if (datagrams->parsed()) std::cout << send_datagrams(target, flows, bytes, threads) << '\n';
    if (echo->parsed()) serve_echo(target);
    if (connects->parsed()) std::cout << connect_again_and_again(target, at_once, sources) << '\n';
    if (requests->parsed()) std::cout << request_and_respond(target, connections, bytes) << '\n';
    if (flood->parsed()) std::cout << flood_with_syns(target, source, rate) << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_traffic: " << error.what() << '\n';
    return 1;
  }
}
