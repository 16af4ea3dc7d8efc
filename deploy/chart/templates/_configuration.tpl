{{/*
The interface to the program, all of it in this file: the configuration file, its mounts, the arguments, the
addresses of the probes, and the object that replicas share.
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

{{/* The ConfigMap through which a sign-out at one replica reaches the others. */}}
{{- define "jobwright.revocations" -}}{{ include "jobwright.fullname" . }}-revocations{{- end }}

{{- define "jobwright.configuration" -}}
{{- $secrets := include "jobwright.directories.secrets" . -}}
listen: 0.0.0.0:{{ include "jobwright.port" . }}
{{- with include "jobwright.publicUrl" . }}
publicUrl: {{ . | quote }}
{{- end }}
{{- if .Values.metrics.enabled }}
metricsListen: 0.0.0.0:{{ .Values.metrics.port }}
{{- end }}
cluster:
  name: {{ .Values.cluster.name | quote }}
signIn:
  mode: {{ .Values.signIn.mode }}
  {{- if eq .Values.signIn.mode "openIdConnect" }}
  {{- with .Values.signIn.openIdConnect }}
  openIdConnect:
    issuer: {{ .issuer | quote }}
    clientId: {{ .clientId | quote }}
    {{- if .clientSecret.existingSecret }}
    clientSecretFile: {{ $secrets }}/client-secret
    {{- end }}
    {{- if .ca.existingConfigMap }}
    caFile: {{ include "jobwright.directories.authorities" $ }}/ca.crt
    {{- end }}
    scopes: {{ .scopes | toJson }}
    usernameClaim: {{ .usernameClaim | quote }}
    usernamePrefix: {{ .usernamePrefix | quote }}
    groupsClaim: {{ .groupsClaim | quote }}
    groupsPrefix: {{ .groupsPrefix | quote }}
    use: {{ .use }}
  {{- end }}
  {{- end }}
session:
  keyFile: {{ $secrets }}/session-key
  idle: {{ .Values.session.idle }}
  absolute: {{ .Values.session.absolute }}
{{- if .Values.tls.existingSecret }}
tls:
  certificateFile: {{ include "jobwright.directories.tls" . }}/tls.crt
  keyFile: {{ include "jobwright.directories.tls" . }}/tls.key
{{- end }}
{{- end }}
