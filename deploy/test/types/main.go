// Command types decodes the manifests on standard input whose types are not part of Kubernetes itself (HTTPRoute,
// ServiceMonitor) and fails on fields that those types do not have.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"bufio"
)

type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

func check(document []byte) (header, error) {
	var found header
	if err := yaml.Unmarshal(document, &found); err != nil {
		return found, err
	}
	var object any
	switch found {
	case header{"gateway.networking.k8s.io/v1", "HTTPRoute"}:
		object = &gateway.HTTPRoute{}
	case header{"monitoring.coreos.com/v1", "ServiceMonitor"}:
		object = &monitoring.ServiceMonitor{}
	default:
		return header{}, nil
	}
	return found, yaml.UnmarshalStrict(document, object)
}

func main() {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		var found header
		if err == nil {
			found, err = check(document)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", found.Kind, err)
			os.Exit(1)
		}
		if found.Kind != "" {
			fmt.Println(found.APIVersion, found.Kind)
		}
	}
}
