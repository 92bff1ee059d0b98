{{/* The objects of a file, with the label of the project. */}}
{{- define "kserve-authz.objects" -}}
{{- range splitList "\n---\n" . }}
{{- include "kserve-authz.object" (fromYaml .) }}
{{- end }}
{{- end }}

{{- define "kserve-authz.object" -}}
{{- $labels := .metadata.labels | default dict }}
{{- $_ := set .metadata "labels" (set $labels "app.kubernetes.io/part-of" "kserve-authz") }}
---
{{ toYaml . }}
{{- end }}

{{- define "kserve-authz.image" -}}
{{- $image := .Values.image -}}
{{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* The configuration file. */}}
{{- define "kserve-authz.config" -}}
{{- $preset := dict }}
{{- if eq .Values.preset "opendatahub" }}
{{- $preset = .Files.Get "files/opendatahub/config.yaml" | fromYaml }}
{{- else if eq .Values.preset "envoy-gateway" }}
{{- $preset = include "kserve-authz.envoy-gateway-config" . | fromYaml }}
{{- end }}
{{- $config := mergeOverwrite $preset (.Values.config | default dict) }}
{{- if $config }}
{{- toYaml $config }}
{{ else }}
{{- .Files.Get "files/config.yaml" }}
{{- end }}
{{- end }}

{{- define "kserve-authz.envoy-gateway-config" -}}
grpc:
  listeners:
    - {position: workload, address: "0.0.0.0:9001"}
    - {position: gateway, address: "0.0.0.0:9003", route: required}
  tls: {certFile: /tls/tls.crt, keyFile: /tls/tls.key, clientCaFile: /tls/ca.crt}
{{- end }}

{{/* A change of the configuration changes this name, and restarts the replicas. */}}
{{- define "kserve-authz.config-name" -}}
kserve-authz-{{ include "kserve-authz.config" . | sha256sum | trunc 10 }}
{{- end }}

{{/* Whether Envoys reach the service through its sidecar. */}}
{{- define "kserve-authz.has-sidecar" -}}
{{- if has .Values.preset (list "" "istio") }}true{{ end }}
{{- end }}

{{/* The bindings of an admission policy, with the namespaces that it leaves alone. */}}
{{- define "kserve-authz.exempting" -}}
{{- range splitList "\n---\n" .text }}
{{- $object := fromYaml . }}
{{- if eq $object.kind "ValidatingAdmissionPolicyBinding" }}
{{- range (dig "spec" "matchResources" "namespaceSelector" "matchExpressions" list $object) }}
{{- $_ := set . "values" $.namespaces }}
{{- end }}
{{- end }}
{{- include "kserve-authz.object" $object }}
{{- end }}
{{- end }}

{{/* A Role, or a binding to the ServiceAccount of this name. */}}
{{- define "kserve-authz.grant" -}}
{{- range .object.subjects }}
{{- $_ := set . "name" $.account }}
{{- end }}
{{- include "kserve-authz.object" .object }}
{{- end }}
