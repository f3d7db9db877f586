// Writes the certificates of support/certificates.h as PEM files, for tests in other languages.
//
// usage: klamm-test-certificates FOLDER     ca.pem, stranger.pem; server.pem, client.pem, ... as PEM key stores of Kafka;
//                                           client-encrypted.pem, whose key has the password "secret"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "support/certificates.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: klamm-test-certificates FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  std::filesystem::create_directories(folder);
  const klamm::test::Certificates all;
  const auto write = [&folder](const char* name, const std::string& text) { std::ofstream(folder / name, std::ios::binary) << text; };
  write("ca.pem", all.authority.certificate());
  write("stranger.pem", all.stranger.certificate());
  write("server.pem", all.server.keystore());
  write("client.pem", all.client.keystore());
  write("client-encrypted.pem", klamm::test::encryptedKey(all.client.key, "secret") + all.client.certificate);
  write("expired.pem", all.expired.keystore());
  write("wrong-name.pem", all.wrongName.keystore());
  write("self-signed.pem", all.selfSignedServer.keystore());
  write("strange-client.pem", all.strangeClient.keystore());
  return 0;
}
