{{/*
The interface to the program, all of it in this file: the configuration file, its mounts, the arguments, the
addresses of the probes, and what replicas share.
*/}}

{{- define "jobwright.directories.configuration" -}}/etc/jobwright/config{{- end }}
{{- define "jobwright.directories.secrets" -}}/etc/jobwright/secrets{{- end }}
{{- define "jobwright.directories.tls" -}}/etc/jobwright/tls{{- end }}
{{- define "jobwright.directories.authorities" -}}/etc/jobwright/ca{{- end }}
{{- define "jobwright.directories.data" -}}/var/lib/jobwright{{- end }}

{{- define "jobwright.port" -}}8080{{- end }}
{{- define "jobwright.probes.live" -}}/healthz{{- end }}
{{- define "jobwright.probes.ready" -}}/readyz{{- end }}
{{- define "jobwright.metricsPath" -}}/metrics{{- end }}

{{- define "jobwright.arguments" -}}
{{- if .Values.args -}}
{{- toYaml .Values.args -}}
{{- else -}}
- serve
- --config
- {{ include "jobwright.directories.configuration" . }}/jobwright.yaml
{{- end -}}
{{- end }}

{{/* Where the provider sends people back to, and where they are after signing out there. */}}
{{- define "jobwright.redirectUrl" -}}{{ include "jobwright.publicUrl" . }}sign-in/callback{{- end }}
{{- define "jobwright.signedOutUrl" -}}{{ include "jobwright.publicUrl" . }}sign-in{{- end }}

{{/* The Role for the Secrets in which replicas store the sessions. */}}
{{- define "jobwright.sessions" -}}{{ include "jobwright.fullname" . }}-sessions{{- end }}

{{/* Whether people's connections are plain HTTP all the way, which the program refuses unless it is told to. */}}
{{- define "jobwright.isUnencrypted" -}}
{{- if and (not .Values.tls.existingSecret) (or (not .Values.host) (eq .Values.scheme "http")) }}true{{ end }}
{{- end }}

{{/* Options of `jobwright serve`, by their names in camelCase. */}}
{{- define "jobwright.configuration" -}}
{{- $secrets := include "jobwright.directories.secrets" . -}}
listen: 0.0.0.0:{{ include "jobwright.port" . }}
{{- with include "jobwright.publicUrl" . }}
publicUrl: {{ . | quote }}
{{- end }}
{{- if include "jobwright.isUnencrypted" . }}
insecureListen: true
{{- end }}
{{- if .Values.metrics.enabled }}
metricsListen: 0.0.0.0:{{ .Values.metrics.port }}
{{- end }}
{{- with .Values.trustedProxies }}
trustedProxies: {{ toJson . }}
{{- end }}
cluster: in-cluster
signIn: {{ kebabcase .Values.signIn.mode }}
{{- if eq .Values.signIn.mode "openIdConnect" }}
{{- with .Values.signIn.openIdConnect }}
oidcIssuer: {{ .issuer | quote }}
oidcClientId: {{ .clientId | quote }}
{{- if .clientSecret.existingSecret }}
oidcClientSecretFile: {{ $secrets }}/client-secret
{{- end }}
{{- if .ca.existingConfigMap }}
oidcCaFile: {{ include "jobwright.directories.authorities" $ }}/ca.crt
{{- end }}
oidcScopes: {{ .scopes | toJson }}
oidcUsernameClaim: {{ .usernameClaim | quote }}
{{- /* Without this, the program adds the issuer to every claim but `email`, as kube-apiserver does. */}}
oidcUsernamePrefix: {{ .usernamePrefix | default "-" | quote }}
{{- with .groupsClaim }}
oidcGroupsClaim: {{ . | quote }}
{{- end }}
oidcGroupsPrefix: {{ .groupsPrefix | quote }}
oidcUse: {{ kebabcase .use }}
{{- end }}
{{- end }}
{{- /* The projects offered to people who may not list namespaces: those in which this chart gives rights. */}}
{{- $projects := .Values.signIn.localToken.namespaces }}
{{- if ne .Values.signIn.mode "localToken" }}
{{- $projects = list }}
{{- range .Values.access.grants }}
{{- $projects = append $projects .namespace }}
{{- end }}
{{- end }}
{{- with $projects | uniq }}
project: {{ toJson . }}
{{- end }}
{{- if .Values.tls.existingSecret }}
tlsCertificateFile: {{ include "jobwright.directories.tls" . }}/tls.crt
tlsKeyFile: {{ include "jobwright.directories.tls" . }}/tls.key
{{- end }}
sessionKeyFile: {{ $secrets }}/session-key
{{- if ne .Values.signIn.mode "localToken" }}
sessionNamespace: {{ .Release.Namespace }}
{{- end }}
sessionHours: {{ trimSuffix "h" .Values.session.idle }}
sessionMaxHours: {{ trimSuffix "h" .Values.session.absolute }}
{{- end }}
