// The registries of two other projects, each on a port of this machine that it prints: they answer
// what the distribution project's does, and not in the same words.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	var handler http.Handler
	switch os.Args[1] {
	case "go-containerregistry":
		handler = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	case "ociregistry":
		handler = ociserver.New(ocimem.New(), nil)
	default:
		log.Fatalf("there is no registry %q here", os.Args[1])
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, handler))
}
