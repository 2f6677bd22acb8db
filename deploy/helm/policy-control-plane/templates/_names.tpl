{{- define "policy-control-plane.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's name behind it unless it is in it. Kubernetes needs 11 of 63 characters. */}}
{{- define "policy-control-plane.fullname" -}}
{{- $name := include "policy-control-plane.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "policy-control-plane.selectorLabels" -}}
app.kubernetes.io/name: {{ include "policy-control-plane.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: control-plane
{{- end -}}

{{- define "policy-control-plane.labels" -}}
{{ include "policy-control-plane.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: envoy-policy-adapter
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "policy-control-plane.serviceAccountName" -}}
{{- $default := ternary (include "policy-control-plane.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $default .Values.serviceAccount.name -}}
{{- end -}}

{{- define "policy-control-plane.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $version := printf ":%s" (default .Chart.AppVersion .Values.image.tag) -}}
{{- if .Values.image.digest }}{{ $version = printf "@%s" .Values.image.digest }}{{ end -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}{{ $version }}
{{- end -}}
