package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveLogs answers, as a kubelet does, what containers have printed: the last of the lines.
func serveLogs(ctx context.Context, secrets *credentials, logOf func(namespace, pod, container string) string) (port int32, err error) {
	certificate, err := tls.X509KeyPair(secrets.certificate, secrets.key)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(answer http.ResponseWriter, request *http.Request) {
		log := logOf(request.PathValue("namespace"), request.PathValue("pod"), request.PathValue("container"))
		answer.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(answer, lastLines(log, request.FormValue("tailLines")))
	})
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return int32(listener.Addr().(*net.TCPAddr).Port), nil
}

// lastLines are so many lines of the log, all of them when that is no number.
func lastLines(log, count string) string {
	lines := strings.SplitAfter(log, "\n")
	wanted, err := strconv.Atoi(count)
	if err != nil || wanted >= len(lines) {
		return log
	}
	if lines[len(lines)-1] == "" {
		wanted++
	}
	return strings.Join(lines[max(0, len(lines)-wanted):], "")
}
