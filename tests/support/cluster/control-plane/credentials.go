package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// credentials are what the components trust each other by, for as long as the cluster lives.
type credentials struct {
	folder string
	// certificate and key serve the API and the kubelets; the certificate is its own authority.
	certificate, key []byte
	// adminToken is of a user who may do everything.
	adminToken string
}

func writeCredentials(folder string) (*credentials, error) {
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", loopback, nil)
	if err != nil {
		return nil, err
	}
	serviceAccountKey, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return nil, err
	}
	own := &credentials{folder: folder, certificate: certificate, key: key, adminToken: rand.Text()}
	files := map[string][]byte{
		"tls.crt":             certificate,
		"tls.key":             key,
		"service-account.key": serviceAccountKey,
		"tokens.csv":          fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n", own.adminToken),
	}
	for name, content := range files {
		if err := os.WriteFile(own.file(name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return own, nil
}

func (c *credentials) file(name string) string { return filepath.Join(c.folder, name) }

// kubeconfig is the text of one whose current context is the cluster at the address.
func (c *credentials) kubeconfig(address, token string) string {
	named := func(name, field string, value any) []any {
		return []any{map[string]any{"name": name, field: value}}
	}
	text, err := json.MarshalIndent(map[string]any{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": named("local", "cluster", map[string]any{
			"server":                     address,
			"certificate-authority-data": c.certificate,
		}),
		"users":           named("release", "user", map[string]any{"token": token}),
		"contexts":        named("local", "context", map[string]any{"cluster": "local", "user": "release"}),
		"current-context": "local",
	}, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
