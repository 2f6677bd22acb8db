{{/* The pod of the Deployment or StatefulSet. The image sets the addresses and the state directory. */}}
{{- define "policy-adapter.pod" -}}
metadata:
  labels:
    {{- include "policy-adapter.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "policy-adapter.settings" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "policy-adapter.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  # Otherwise the Service makes variables such as POLICY_ADAPTER_PORT, which are unknown settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "policy-adapter.stopSeconds" . }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: adapter
      image: {{ include "policy-adapter.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        - --config=/etc/policy-adapter/adapter.yaml
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        {{- include "policy-adapter.env" . | nindent 8 }}
      ports:
        - {name: grpc, containerPort: 9001}
        - {name: metrics, containerPort: 9102}
      startupProbe:
        httpGet: {path: /healthz, port: metrics}
        {{- toYaml .Values.startupProbe | nindent 8 }}
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        {{- toYaml .Values.livenessProbe | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        {{- toYaml .Values.readinessProbe | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "policy-adapter.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "policy-adapter.volumes" . | nindent 4 }}
  topologySpreadConstraints:
    {{- include "policy-adapter.spread" . | nindent 4 }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
{{- end -}}

{{- define "policy-adapter.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POLICY_ADAPTER_REPORTS__INSTANCE_ID
  value: {{ .Values.instanceId | quote }}
{{- $withoutPlatform := not (empty .Values.environmentFile.existingConfigMap) -}}
{{- range $setting, $key := .Values.secretKeys }}
{{- if not (and $withoutPlatform (hasPrefix "platform." $setting)) }}
- name: {{ include "policy-adapter.variable" $setting }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.existingSecret | quote }}, key: {{ $key | quote }}}}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-adapter.volumeMounts" -}}
- {name: settings, mountPath: /etc/policy-adapter, readOnly: true}
- {name: state, mountPath: /var/lib/policy-adapter}
- {name: tmp, mountPath: /tmp}
{{- if .Values.controller.enabled }}
# A mount with subPath would never change.
- {name: bindings, mountPath: /etc/policy-adapter-bindings, readOnly: true}
{{- end }}
{{- if .Values.environmentFile.existingConfigMap }}
- {name: environment, mountPath: /etc/policy-adapter-environment, readOnly: true}
{{- end }}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /etc/policy-adapter-tls, readOnly: true}
{{- end }}
{{- if .Values.tls.clientCaSecret }}
- {name: client-ca, mountPath: /etc/policy-adapter-client-ca, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-adapter.volumes" -}}
- name: settings
  configMap: {name: {{ include "policy-adapter.fullname" . }}}
{{- if not .Values.state.persistent }}
- name: state
  emptyDir: {sizeLimit: {{ .Values.state.size | quote }}}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if .Values.controller.enabled }}
# The controller writes it. The pods wait for its first version.
- name: bindings
  configMap: {name: {{ include "policy-adapter.fullname" . }}-bindings}
{{- end }}
{{- with .Values.environmentFile.existingConfigMap }}
- name: environment
  configMap: {name: {{ . | quote }}}
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.tls.clientCaSecret }}
- name: client-ca
  secret: {secretName: {{ . | quote }}, defaultMode: 0440}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-adapter.spread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{ toYaml .Values.topologySpreadConstraints }}
{{- else -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "policy-adapter.selectorLabels" . | nindent 6 }}
{{- end -}}
{{- end -}}
