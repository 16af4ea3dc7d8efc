{{- define "jobwright.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 50 characters, so that the longest suffix still fits into a label. */}}
{{- define "jobwright.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Names of cluster-scoped objects hold the namespace: two releases of one name must not share them. */}}
{{- define "jobwright.clusterName" -}}
{{- if eq .Release.Namespace (include "jobwright.fullname" .) }}
{{- .Release.Namespace }}
{{- else }}
{{- printf "%s-%s" .Release.Namespace (include "jobwright.fullname" .) }}
{{- end }}
{{- end }}

{{- define "jobwright.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jobwright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "jobwright.labels" -}}
{{ include "jobwright.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "jobwright.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "jobwright.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "jobwright.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "jobwright.publicUrl" -}}
{{- if .Values.host -}}
{{ .Values.scheme }}://{{ .Values.host }}{{ with .Values.publicPort }}:{{ . }}{{ end }}{{ .Values.basePath }}{{ if ne .Values.basePath "/" }}/{{ end }}
{{- end }}
{{- end }}

{{- define "jobwright.sessionSecret" -}}
{{- default (printf "%s-session" (include "jobwright.fullname" .)) .Values.session.existingSecret }}
{{- end }}

{{- define "jobwright.servicePort" -}}
{{- default (ternary 443 80 (ne .Values.tls.existingSecret "")) .Values.service.port }}
{{- end }}

{{- define "jobwright.isImpersonating" -}}
{{- if and (eq .Values.signIn.mode "openIdConnect") (eq .Values.signIn.openIdConnect.use "impersonation") }}true{{ end }}
{{- end }}

{{/* What a person needs in a namespace to create, follow and delete Jobs, as RBAC rules. */}}
{{- define "jobwright.userRules" -}}
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
- apiGroups: [""]
  resources: [pods/log, events, serviceaccounts, resourcequotas, limitranges]
  verbs: [get, list, watch]
# The terminal: older servers authorize a WebSocket as `get`, newer ones as `create`.
- apiGroups: [""]
  resources: [pods/exec]
  verbs: [get, create]
- apiGroups: [""]
  resources: [configmaps, persistentvolumeclaims{{ if .Values.access.secrets }}, secrets{{ end }}]
  verbs: [get, list, watch, create, update, patch, delete]
{{- end }}

{{/* What the console asks in the name of everyone, whatever their rights in a namespace. */}}
{{- define "jobwright.commonRules" -}}
- apiGroups: [""]
  resources: [namespaces, nodes]
  verbs: [get, list, watch]
- apiGroups: [scheduling.k8s.io]
  resources: [priorityclasses]
  verbs: [list]
- apiGroups: [authorization.k8s.io]
  resources: [selfsubjectaccessreviews, selfsubjectrulesreviews]
  verbs: [create]
- apiGroups: [authentication.k8s.io]
  resources: [selfsubjectreviews]
  verbs: [create]
- nonResourceURLs: [/version, /api, /api/*, /apis, /apis/*, /openapi/*]
  verbs: [get]
{{- end }}

{{/* What the schema cannot say, since its messages would not name the remedy. */}}
{{- define "jobwright.validate" -}}
{{- $mode := .Values.signIn.mode }}
{{- $provider := .Values.signIn.openIdConnect }}
{{- if and (eq $mode "localToken") (ne (int .Values.replicas) 1) }}
{{- fail "signIn.mode is localToken, whose sign-in URL is valid for one Pod only: set replicas to 1, or choose bearerToken or openIdConnect" }}
{{- end }}
{{- if and (ne $mode "localToken") (not .Values.host) }}
{{- fail "host is empty: set it to the name that browsers use for the console, such as jobs.example.com" }}
{{- end }}
{{- if eq $mode "openIdConnect" }}
{{- if not $provider.issuer }}
{{- fail "signIn.openIdConnect.issuer is empty: set it to the provider's issuer URL, such as https://id.example.com" }}
{{- end }}
{{- if not (has "openid" $provider.scopes) }}
{{- fail "signIn.openIdConnect.scopes lacks openid, without which the provider issues no ID token" }}
{{- end }}
{{- end }}
{{- if include "jobwright.isImpersonating" . }}
{{- with .Values.signIn.impersonation }}
{{- if not (or .groups .anyGroup .constrained) }}
{{- fail "signIn.impersonation.groups is empty, so that the console could act as any administrator: list the groups of the people who use it, set signIn.impersonation.constrained if the API server has it (1.37 does), or accept that with signIn.impersonation.anyGroup" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (or .Values.ingress.enabled .Values.httpRoute.enabled) (not .Values.host) }}
{{- fail "host is empty, which an Ingress or HTTPRoute needs" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs is empty: name the Gateway, such as {name: public, namespace: gateways}" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) }}
{{- fail "metrics.serviceMonitor.enabled needs metrics.enabled" }}
{{- end }}
{{- if eq (int .Values.metrics.port) (int (include "jobwright.port" .)) }}
{{- fail (printf "metrics.port is %s, at which the console itself listens" (include "jobwright.port" .)) }}
{{- end }}
{{- $granted := concat .Values.signIn.localToken.namespaces (list) }}
{{- range .Values.access.grants }}
{{- $granted = append $granted .namespace }}
{{- if and (not .users) (not .groups) }}
{{- fail (printf "access.grants: the one for the namespace %s has neither users nor groups" .namespace) }}
{{- end }}
{{- end }}
{{- if and $granted (not .Values.access.roles) }}
{{- fail "access.grants and signIn.localToken.namespaces bind the ClusterRoles of access.roles, which is false" }}
{{- end }}
{{- if has .Release.Namespace $granted }}
{{- fail (printf "nobody gets rights in the namespace %s, where the console runs: a Job there could mount the key of its sessions. Choose another namespace for Jobs, or for the console" .Release.Namespace) }}
{{- end }}
{{- end }}
